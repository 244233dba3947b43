#include "daemon/runtime/hub/agent_hub.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/core/log.h"
#include "tests/daemon/runtime/hub/fake_channel.h"

namespace longhaul::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// A hub of the run "demo" with two nodes, and in `told` what it passed on.
class AgentHubTest : public testing::Test {
 protected:
  AgentHubTest() : hub_({"demo", "identity", {"node-0", "node-1"}, 3, "uuid", "run"}, callbacks()) {
    log_start("agent_hub_test", "", LogLevel::kError);  // each refusal is a warning
  }

  AgentHub::Callbacks callbacks() {
    AgentHub::Callbacks c;
    c.spool_state = [this](const std::string& node) {
      return node == "node-1" ? AgentHub::SpoolState{acknowledged_, acknowledged_ + 2}
                              : AgentHub::SpoolState{};
    };
    c.connected = [this](const wire::Hello& hello) { told_.push_back("connected " + hello.node); };
    c.disconnected = [this](const std::string& node) { told_.push_back("disconnected " + node); };
    c.heartbeat = [this](const std::string& node, const wire::Heartbeat& beat) {
      told_.push_back(fmt::format("heartbeat {} {}", node, beat.rendezvous_port));
    };
    c.spool = [this](const std::string& node, const wire::SpoolBatch& batch) {
      told_.push_back(fmt::format("spool {} {}", node, batch.entries.size()));
    };
    return c;
  }

  std::shared_ptr<FakeChannel> connect() {
    auto channel = std::make_shared<FakeChannel>();
    hub_.accept(channel);
    return channel;
  }
  std::shared_ptr<FakeChannel> greet(const wire::Hello& hello) {
    auto channel = connect();
    channel->say(hello);
    return channel;
  }
  static wire::Hello hello(const std::string& node = "node-0") {
    wire::Hello h;
    h.run = "demo";
    h.identity = "identity";
    h.node = node;
    h.instance = "life";
    h.pid = 77;
    h.address = "10.0.0.7";
    h.rendezvous_port = 29500;
    h.ranks = {{0, "3.1", 78, "running", "train", 12}};
    return h;
  }

  int64_t acknowledged_ = 41;
  std::vector<std::string> told_;
  AgentHub hub_;
};

TEST_F(AgentHubTest, AnAgentThatBelongsHereIsWelcomedWithTheTermAndHowFarItsSpoolIsCommitted) {
  const auto channel = greet(hello("node-1"));
  const auto welcome = channel->last<wire::Welcome>();
  EXPECT_EQ(welcome.version, wire::kWireVersion);
  EXPECT_EQ(welcome.term, 3);
  EXPECT_EQ(welcome.uuid, "uuid");
  EXPECT_EQ(welcome.run, "run");
  EXPECT_EQ(welcome.acknowledged_seq, 41);
  EXPECT_EQ(welcome.used_seq, 43);
  EXPECT_FALSE(channel->closing());
  EXPECT_THAT(told_, ElementsAre("connected node-1"));
  EXPECT_THAT(hub_.connected(), ElementsAre("node-1"));
  const AgentHub::Peer* peer = hub_.peer("node-1");
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->address, "10.0.0.7");
  EXPECT_EQ(peer->rendezvous_port, 29500);
  EXPECT_EQ(peer->pid, 77);
  ASSERT_EQ(peer->ranks.size(), 1U);
  EXPECT_EQ(peer->ranks[0].step, 12);
}

struct Stranger {
  const char* name;
  void (*change)(wire::Hello*);
  const char* said;
};
class AgentHubStrangers : public AgentHubTest, public testing::WithParamInterface<Stranger> {};

TEST_P(AgentHubStrangers, AreRefusedWithTheReasonAndNothingIsPassedOn) {
  wire::Hello h = hello();
  GetParam().change(&h);
  const auto channel = greet(h);
  EXPECT_THAT(channel->refusal(), HasSubstr(GetParam().said));
  EXPECT_TRUE(channel->closing());
  EXPECT_EQ(hub_.refused_messages(), 1);
  channel->say(wire::Heartbeat{29501, {}});  // goes on talking all the same
  channel->end();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(hub_.connected(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, AgentHubStrangers,
    testing::Values(
        Stranger{"Version", [](wire::Hello* h) { h->version = wire::kWireVersion + 1; }, "wire version 2"},
        Stranger{"OlderVersion", [](wire::Hello* h) { h->version = 0; }, "wire version 0"},
        Stranger{"Run", [](wire::Hello* h) { h->run = "other"; }, "run 'other'; this daemon owns 'demo'"},
        Stranger{"Identity", [](wire::Hello* h) { h->identity = "x"; }, "another configuration"},
        Stranger{"Node", [](wire::Hello* h) { h->node = "node-2"; }, "node 'node-2' is not in"},
        Stranger{"NoNode", [](wire::Hello* h) { h->node = ""; }, "node '' is not in"}),
    [](const auto& param) { return param.param.name; });

TEST_F(AgentHubTest, TheFirstMessageMustBeAHello) {
  const auto channel = connect();
  channel->say(wire::Heartbeat{29500, {}});
  EXPECT_EQ(channel->refusal(), "the first message must be a hello");
  EXPECT_TRUE(channel->closing());
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(AgentHubTest, ASecondHelloEndsTheConnectionAndItsEndIsToldOnce) {
  const auto channel = greet(hello());
  channel->say(hello("node-1"));
  EXPECT_THAT(channel->refusal(), HasSubstr("second hello"));
  EXPECT_EQ(hub_.peer("node-1"), nullptr);
  channel->end();
  EXPECT_THAT(told_, ElementsAre("connected node-0", "disconnected node-0"));
}

TEST_F(AgentHubTest, GarbageEndsTheConnection) {
  for (const char* text : {"", "x", "[]", "{}", R"({"type":"heartbeat"})", R"({"type":"launch"})", "\xff\xfe",
                           R"({"type":"hello","version":"1"})"}) {
    told_.clear();
    const auto channel = greet(hello());
    channel->say(std::string(text));
    EXPECT_NE(channel->refusal(), "") << text;
    EXPECT_TRUE(channel->closing()) << text;
    channel->end();
    EXPECT_THAT(told_, ElementsAre("connected node-0", "disconnected node-0")) << text;
  }
}

TEST_F(AgentHubTest, AfterGarbageNothingFromThatConnectionCountsAnyMore) {
  const auto channel = greet(hello());
  channel->say(std::string("garbage"));
  channel->say(wire::Heartbeat{1, {}});  // was in the same read
  channel->say(wire::SpoolBatch{{{1, 1, {}}}});
  EXPECT_THAT(told_, ElementsAre("connected node-0"));
  EXPECT_EQ(hub_.refused_messages(), 1);
  EXPECT_EQ(hub_.peer("node-0")->rendezvous_port, 29500);
}

TEST_F(AgentHubTest, NoSequenceOfBytesGetsPastTheGreeting) {
  std::mt19937 random(7);
  const std::string letters = R"({}[]":,0123456789-.etruefalsn \hoypd_)";
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (size_t n = random() % 60; n > 0; --n) text += letters[random() % letters.size()];
    const auto channel = connect();
    channel->say(text);
    ASSERT_TRUE(channel->closing()) << text;
    channel->end();
  }
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(hub_.refused_messages(), 2000);
}

TEST_F(AgentHubTest, MessagesArePassedOnWithTheNodeThatSentThemAndKeptForTheView) {
  const auto channel = greet(hello());
  channel->say(wire::Heartbeat{29555, {{4, "3.2", 90, "running", "train", 15}}});
  channel->say(wire::SpoolBatch{{{1, 1, {}}, {2, 2, {}}}});
  EXPECT_THAT(told_, ElementsAre("connected node-0", "heartbeat node-0 29555", "spool node-0 2"));
  EXPECT_EQ(hub_.peer("node-0")->rendezvous_port, 29555);
  EXPECT_EQ(hub_.peer("node-0")->ranks[0].rank, 4);
}

TEST_F(AgentHubTest, ANewConnectionReplacesAHalfOpenOneWhoseEndIsNotTakenForTheNodes) {
  const auto old = greet(hello());
  const auto fresh = greet(hello());
  EXPECT_TRUE(old->closing());
  EXPECT_FALSE(fresh->closing());
  old->say(wire::Heartbeat{1, {}});  // what was still in the pipe
  old->say(wire::SpoolBatch{{{1, 1, {}}}});
  old->end();
  EXPECT_THAT(told_, ElementsAre("connected node-0", "connected node-0"));
  EXPECT_THAT(hub_.connected(), ElementsAre("node-0"));
  EXPECT_EQ(hub_.peer("node-0")->rendezvous_port, 29500);
  ASSERT_TRUE(hub_.send("node-0", wire::SpoolAck{9}));
  EXPECT_EQ(fresh->last<wire::SpoolAck>().seq, 9);
  fresh->end();
  EXPECT_EQ(told_.back(), "disconnected node-0");
  EXPECT_THAT(hub_.connected(), IsEmpty());
}

TEST_F(AgentHubTest, CommandsGoToTheNodeTheyAreForAndNowhereElse) {
  const auto zero = greet(hello("node-0"));
  const auto one = greet(hello("node-1"));
  EXPECT_TRUE(hub_.send("node-1", wire::TellRanks{"7", 3, "3.1", "checkpoint"}));
  EXPECT_EQ(zero->heard().size(), 1U);  // the welcome
  EXPECT_EQ(one->last<wire::TellRanks>().id, "7");
  hub_.broadcast(wire::StopRanks{"8", 3, "3.1", true, 0});
  EXPECT_EQ(zero->last<wire::StopRanks>().id, "8");
  EXPECT_EQ(one->last<wire::StopRanks>().id, "8");
  EXPECT_FALSE(hub_.send("node-2", wire::SpoolAck{1}));
}

TEST_F(AgentHubTest, ANodeWhoseConnectionEndedCannotBeSentTo) {
  const auto channel = greet(hello());
  channel->end();
  EXPECT_FALSE(hub_.send("node-0", wire::SpoolAck{1}));
  EXPECT_EQ(hub_.peer("node-0"), nullptr);
  hub_.broadcast(wire::Shutdown{"1", 3});
  hub_.drop("node-0");
  EXPECT_EQ(channel->heard().size(), 1U);
}

TEST_F(AgentHubTest, AChannelThatOutlivesItsHubSaysNothingToItAndOneThatClosedIsLetGo) {
  std::weak_ptr<FakeChannel> closed;
  {
    const auto channel = connect();
    channel->end();
    closed = channel;
  }
  EXPECT_TRUE(closed.expired());
  auto hub = std::make_unique<AgentHub>(AgentHub::Greeting{"demo", "identity", {"node-0"}, 3, "uuid", "run"},
                                        callbacks());
  const auto channel = std::make_shared<FakeChannel>();
  hub->accept(channel);
  hub.reset();
  channel->say(hello());
  channel->end();
  EXPECT_THAT(channel->heard(), IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(AgentHubTest, DropClosesTheConnectionOfThatNodeAlone) {
  const auto zero = greet(hello("node-0"));
  const auto one = greet(hello("node-1"));
  hub_.drop("node-1");
  EXPECT_FALSE(zero->closing());
  EXPECT_TRUE(one->closing());
}

TEST_F(AgentHubTest, SilentNodesAreThoseFromWhichNothingCameForLongerThanTheLimit) {
  hub_.set_time(1000);
  const auto zero = greet(hello("node-0"));
  const auto one = greet(hello("node-1"));
  hub_.set_time(1400);
  one->say(wire::Heartbeat{1, {}});
  EXPECT_THAT(hub_.silent(1500, 500), IsEmpty());  // exactly the limit is not longer
  EXPECT_THAT(hub_.silent(1501, 500), ElementsAre(Pair("node-0", 501)));
  EXPECT_THAT(hub_.silent(2000, 500), ElementsAre(Pair("node-0", 1000), Pair("node-1", 600)));
  hub_.set_time(2000);
  zero->say(wire::SpoolBatch{});  // any message is a sign of life
  EXPECT_THAT(hub_.silent(2000, 500), ElementsAre(Pair("node-1", 600)));
  one->end();
  EXPECT_THAT(hub_.silent(9000, 500), ElementsAre(Pair("node-0", 7000)));
  hub_.drop("node-0");
  EXPECT_THAT(hub_.silent(9050, 500), IsEmpty()) << "it is closing: that is known";
}

TEST_F(AgentHubTest, AConnectionThatDoesNotSayWhoItIsIsClosed) {
  hub_.set_time(1000);
  const auto stranger = connect();
  const auto agent = greet(hello());
  hub_.drop_strangers(1500, 500);
  EXPECT_FALSE(stranger->closing());
  hub_.drop_strangers(1501, 500);
  EXPECT_TRUE(stranger->closing());
  EXPECT_FALSE(agent->closing());
}

TEST_F(AgentHubTest, AnAgentThatDeclinesIsNoReasonToDoAnythingBeforeItsConnectionEnds) {
  const auto channel = greet(hello());
  channel->say(wire::Declined{"term 3 is over\n: term 5 has begun"});
  EXPECT_FALSE(channel->closing());
  EXPECT_THAT(told_, ElementsAre("connected node-0"));
  EXPECT_EQ(hub_.refused_messages(), 0);
}

}  // namespace
}  // namespace longhaul::daemon
