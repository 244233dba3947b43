#include "daemon/runtime/worker/worker.h"

#include <future>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

TEST(Worker, RunsTheTasksOfEachPosterInTheOrderInWhichTheyWerePosted) {
  constexpr int kPosters = 4, kTasks = 2000;
  std::map<int, std::vector<int>> ran;  // only the worker writes; read after it was joined
  {
    Worker worker("order");
    std::vector<std::jthread> posters;
    for (int p = 0; p < kPosters; ++p) {
      posters.emplace_back([&, p] {
        for (int i = 0; i < kTasks; ++i) worker.post([&ran, p, i] { ran[p].push_back(i); });
      });
    }
    posters.clear();
  }
  std::vector<int> all(kTasks);
  for (int i = 0; i < kTasks; ++i) all[static_cast<size_t>(i)] = i;
  for (int p = 0; p < kPosters; ++p) EXPECT_EQ(ran[p], all);
}

TEST(Worker, RunsEverythingThatIsQueuedBeforeItEndsEvenWhatTasksPostThemselves) {
  std::vector<std::string> ran;
  std::promise<void> go;
  {
    Worker worker("queue");
    worker.post([&] { go.get_future().wait(); });
    worker.post([&] {
      ran.emplace_back("first");
      worker.post([&] { ran.emplace_back("posted by first"); });
    });
    worker.post([&] { ran.emplace_back("second"); });
    go.set_value();
  }
  EXPECT_EQ(ran, (std::vector<std::string>{"first", "second", "posted by first"}));
}

TEST(Worker, WhatIsPostedAfterItsEndIsDroppedAndItCanBeStoppedTwice) {
  int ran = 0;
  Worker worker("ended");
  worker.post([&] { ++ran; });
  worker.stop();
  worker.post([&] { ++ran; });
  worker.stop();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(worker.waiting(), 0U);
}

TEST(Worker, PostNeverWaitsForTheTaskThatRunsAndTellsHowManyWait) {
  std::promise<void> started, release;
  Worker worker("busy");
  worker.post([&] {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  EXPECT_EQ(worker.waiting(), 0U);
  worker.post([] {});
  worker.post([] {});
  EXPECT_EQ(worker.waiting(), 2U);
  release.set_value();
}

TEST(Worker, RunsTasksOnAThreadOfItsOwn) {
  std::promise<std::thread::id> id;
  Worker worker("a name that is longer than the kernel takes");
  worker.post([&] { id.set_value(std::this_thread::get_id()); });
  EXPECT_NE(id.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace longhaul::daemon
