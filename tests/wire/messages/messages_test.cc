#include "wire/messages/messages.h"

#include <gtest/gtest.h>

namespace longhaul::wire {
namespace {

template <class Message, class Parse>
void expect_survives(const Message& message, Parse parse) {
  const json::object written = to_json(message);
  const auto read = parse(json::parse_object(json::to_text(written)).value());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), written);
}

Hello example_hello() {
  Hello hello;
  hello.run = "demo", hello.identity = "0123456789abcdef", hello.node = "node-1", hello.instance = "uuid";
  hello.pid = 77, hello.address = "127.0.0.1", hello.rendezvous_port = 4000;
  hello.first_spool_seq = 10, hello.next_spool_seq = 12;
  hello.ranks = {{0, "3.1", 101, "running", "train", 55}, {1, "3.1", 102, "exited", "", -1}};
  return hello;
}

TEST(Messages, SurviveTheWayThroughText) {
  expect_survives(AgentMessage(example_hello()), parse_agent_message);
  expect_survives(AgentMessage(Heartbeat{5, example_hello().ranks}), parse_agent_message);
  SpoolBatch batch;
  batch.entries.push_back({11, 1700000000000, json::parse_object(R"({"step":5,"loss":2.5})").value()});
  expect_survives(AgentMessage(batch), parse_agent_message);
  expect_survives(AgentMessage(Declined{"term 2 is over"}), parse_agent_message);
  expect_survives(DaemonMessage(Welcome{1, 3, "u", "run", 9, 11}), parse_daemon_message);
  expect_survives(DaemonMessage(Refused{"another run"}), parse_daemon_message);
  expect_survives(DaemonMessage(SpoolAck{12}), parse_daemon_message);
  expect_survives(
      DaemonMessage(
          Launch{"3-7", 3, "3.1", 0, 4, 1, 2, {{2, 0}, {3, 1}}, "127.0.0.1", 4000, "/s/step-10-b0-g3.1", 2}),
      parse_daemon_message);
  expect_survives(DaemonMessage(StopRanks{"3-8", 3, "3.1", true, 500}), parse_daemon_message);
  expect_survives(DaemonMessage(TellRanks{"3-9", 3, "3.1", "checkpoint"}), parse_daemon_message);
  expect_survives(DaemonMessage(Shutdown{"3-10", 3}), parse_daemon_message);
}

TEST(Messages, NameTheFieldThatIsWrong) {
  json::object o = to_json(AgentMessage(example_hello()));
  o["pid"] = "many";
  EXPECT_EQ(parse_agent_message(o).error().message, "field 'pid' is \"many\"; it must be an integer");
  o = to_json(AgentMessage(example_hello()));
  o["ranks"].as_array()[1].as_object().erase("phase");
  EXPECT_EQ(parse_agent_message(o).error().message, "field 'phase' is missing; it must be a string");
  o["ranks"] = json::array{1};
  EXPECT_EQ(parse_agent_message(o).error().message, "field 'ranks' is 1; it must be an object");
  o["type"] = "bye";
  EXPECT_FALSE(parse_agent_message(o));
  json::object wide = to_json(AgentMessage(Heartbeat{}));
  wide["rendezvous_port"] = int64_t{1} << 40;
  EXPECT_FALSE(parse_agent_message(wide));
}

TEST(Messages, IgnoreFieldsOfANewerVersion) {
  json::object o = to_json(DaemonMessage(SpoolAck{12}));
  o["colour"] = "blue";
  EXPECT_TRUE(parse_daemon_message(o));
}

}  // namespace
}  // namespace longhaul::wire
