#include "trainer/comm/rendezvous.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "ranks.h"

namespace longhaul::trainer {
namespace {

int try_to_join(MeshOptions options) {
  SystemClock clock;
  auto mesh = HostMesh::connect(options, clock);
  return mesh ? 0 : static_cast<int>(mesh.error().code);
}

template <class Body>
pid_t in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) std::_Exit(body());
  return pid;
}

TEST(Rendezvous, RefusesOtherGenerationsRunsAndSizesAndStillCompletes) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  Ranks ranks;
  for (int wrong = 0; wrong < 4; ++wrong) {
    ranks.pids.push_back(in_child([&] {
      listener->reset();
      MeshOptions options = test_options(1, 2, port);
      if (wrong == 0) options.generation = "1.0";
      if (wrong == 1) options.run = "another";
      if (wrong == 2) options = test_options(1, 3, port);
      if (wrong == 3) options = test_options(5, 6, port);
      return try_to_join(options);
    }));
  }
  ::usleep(100'000);  // the wrong ones are in the queue first
  for (int rank = 1; rank >= 0; --rank) {
    ranks.pids.push_back(in_child([&] {
      MeshOptions options = test_options(rank, 2, port);
      if (rank == 0) options.master_fd = listener->release();
      listener->reset();
      return try_to_join(options);
    }));
  }
  listener->reset();
  const int denied = static_cast<int>(ErrorCode::kDenied);
  EXPECT_THAT(ranks.wait(), ::testing::ElementsAre(denied, denied, denied, denied, 0, 0));
}

TEST(Rendezvous, RefusesARankWithAnotherTextAsAMatterOfConfiguration) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  Ranks ranks;
  for (const char* text : {"another", "text"}) {
    ranks.pids.push_back(in_child([&] {
      listener->reset();
      MeshOptions options = test_options(1, 2, port);
      options.text = text;
      return try_to_join(options);
    }));
    if (text == std::string("another")) ::usleep(100'000);  // it is in the queue first
  }
  ranks.pids.push_back(in_child([&] {
    MeshOptions options = test_options(0, 2, port);
    options.text = "text";
    options.master_fd = listener->release();
    return try_to_join(options);
  }));
  listener->reset();
  EXPECT_THAT(ranks.wait(), ::testing::ElementsAre(static_cast<int>(ErrorCode::kInvalid), 0, 0));
}

TEST(Rendezvous, TakesTheReplacementOfARankThatCameAndWent) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  SystemClock clock;
  const pid_t zero = in_child([&] {
    MeshOptions options = test_options(0, 3, port);
    options.master_fd = listener->release();
    return try_to_join(options);
  });
  listener->reset();
  {
    auto first = connect_to({"127.0.0.1", port}, clock, clock.steady_ms() + 1'000);
    ASSERT_TRUE(first);
    ASSERT_TRUE(send_line(first->get(),
                          R"({"run":"test","generation":"1.1","world_size":3,"rank":1,)"
                          R"("member":{"machine":"m","unix_socket":"@x","host":"h","port":1}})",
                          clock, clock.steady_ms() + 1'000));
    ::usleep(100'000);
  }
  Ranks ranks{{zero}};
  for (int rank : {1, 2}) {
    ranks.pids.push_back(in_child([&] { return try_to_join(test_options(rank, 3, port)); }));
  }
  EXPECT_THAT(ranks.wait(), ::testing::Each(0));
}

TEST(Rendezvous, NamesTheRanksThatDoNotCome) {
  MeshOptions options = test_options(0, 3, 0);
  options.rendezvous_timeout_ms = 100;
  SystemClock clock;
  auto mesh = HostMesh::connect(options, clock);
  ASSERT_FALSE(mesh);
  EXPECT_EQ(mesh.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(mesh.error().message, ::testing::HasSubstr("1, 2"));
}

TEST(Rendezvous, GivesUpWhenThereIsNoMaster) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  listener->reset();  // nobody listens there now
  MeshOptions options = test_options(1, 2, port);
  options.rendezvous_timeout_ms = 150;
  SystemClock clock;
  auto mesh = HostMesh::connect(options, clock);
  ASSERT_FALSE(mesh);
  EXPECT_EQ(mesh.error().code, ErrorCode::kTimeout);
}

// Each of the waits in turn: for the master, for the roster, for peers.
TEST(Rendezvous, EveryWaitEndsWhenItIsAskedTo) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  SystemClock clock;
  const int64_t start_ms = clock.steady_ms();
  const auto end_of = [&](MeshOptions options) {
    options.rendezvous_timeout_ms = 60'000;
    int asked = 0;
    options.give_up = [&asked] { return ++asked > 2; };
    const auto mesh = HostMesh::connect(options, clock);
    return mesh ? ErrorCode::kInternal : mesh.error().code;
  };
  EXPECT_EQ(end_of(test_options(1, 2, port)), ErrorCode::kUnavailable) << "a master that says nothing";
  EXPECT_EQ(end_of(test_options(0, 2, 0)), ErrorCode::kUnavailable) << "nobody comes";
  listener->reset();
  EXPECT_EQ(end_of(test_options(1, 2, port)), ErrorCode::kUnavailable) << "no master";
  EXPECT_LT(clock.steady_ms() - start_ms, 10'000);
}

TEST(Rendezvous, APeerThatNeverConnectsDoesNotHoldUpAStop) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  Ranks ranks{{in_child([&] {
    SystemClock clock;
    MeshOptions options = test_options(0, 2, port);
    options.master_fd = listener->release();
    options.rendezvous_timeout_ms = 60'000;
    const int64_t until_ms = clock.steady_ms() + 700;
    options.give_up = [&] { return clock.steady_ms() > until_ms; };
    const auto mesh = HostMesh::connect(options, clock);
    const bool in_time = clock.steady_ms() < until_ms + 10'000;
    return !mesh && mesh.error().code == ErrorCode::kUnavailable && in_time ? 0 : 1;
  })}};
  listener->reset();
  SystemClock clock;
  const int64_t deadline_ms = clock.steady_ms() + 5'000;
  // It says hello and gets the roster, but calls nobody.
  auto silent = connect_to({"127.0.0.1", port}, clock, deadline_ms);
  ASSERT_TRUE(silent);
  ASSERT_TRUE(send_line(silent->get(),
                        R"({"run":"test","generation":"1.1","world_size":2,"rank":1,)"
                        R"("member":{"machine":"m","unix_socket":"@x","host":"h","port":1}})",
                        clock, deadline_ms));
  ASSERT_TRUE(receive_line(silent->get(), clock, deadline_ms));
  EXPECT_THAT(ranks.wait(), ::testing::ElementsAre(0));
}

TEST(Rendezvous, FailsWhenItCannotAcceptAnybodyInsteadOfTryingForEver) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  SystemClock clock;
  auto caller = connect_to({"127.0.0.1", port}, clock, clock.steady_ms() + 1'000);
  ASSERT_TRUE(caller);
  Ranks ranks{{in_child([&] {
    const rlimit none{3, 3};  // no descriptor is left
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto roster = gather_members(test_options(0, 2, port), listener->get(), Member{}, clock);
    return !roster && roster.error().code == ErrorCode::kIo ? 0 : 1;
  })}};
  EXPECT_THAT(ranks.wait(), ::testing::ElementsAre(0));
}

TEST(Rendezvous, KeepsTheRosterThroughJson) {
  const Roster roster{"s", {{"m", "@u", "10.0.0.1", 4242}, {"n", "@v", "::1", 1}}};
  auto copy = roster_from_json(*json::parse_object(json::to_text(to_json(roster))));
  ASSERT_TRUE(copy);
  EXPECT_EQ(json::to_text(to_json(*copy)), json::to_text(to_json(roster)));
}

}  // namespace
}  // namespace longhaul::trainer
