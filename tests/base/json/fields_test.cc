#include "base/json/fields.h"

#include <cmath>

<<<<<<< HEAD
#include <gtest/gtest.h>

    namespace longhaul::json {
  namespace {

  enum class Colour { kRed, kBlue };
  std::string_view to_text(Colour c) { return c == Colour::kRed ? "red" : "blue"; }
  bool from_text(std::string_view text, Colour* out) {
    *out = text == "blue" ? Colour::kBlue : Colour::kRed;
    return text == "red" || text == "blue";
  }

  struct Inner {
    int number = 0;
  };
  template <class V, class S>
  void fields(V& v, S& s) requires std::is_same_v<std::remove_const_t<S>, Inner> {
    v("number", s.number);
  }

  struct Outer {
    bool yes = false;
    double ratio = 0;
    std::string text;
    Colour colour = Colour::kRed;
    std::optional<int64_t> maybe;
    std::vector<Inner> list;
    std::map<std::string, Inner> map;
  };
  template <class V, class S>
  void fields(V& v, S& s) requires std::is_same_v<std::remove_const_t<S>, Outer> {
    v("yes", s.yes), v("ratio", s.ratio), v("text", s.text), v("colour", s.colour), v("maybe", s.maybe);
    v("list", s.list), v("map", s.map);
  }

  const Outer kExample{true, 0.1, "x", Colour::kBlue, 7, {{1}, {2}}, {{"a", {3}}}};

  TEST(Fields, EveryKindSurvivesTheWayThroughText) {
    const object written = write_fields(kExample);
    const auto read = read_fields<Outer>(parse_object(boost::json::serialize(written)).value());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(write_fields(*read), written);
    EXPECT_EQ(read->colour, Colour::kBlue);
    EXPECT_EQ(read->map.at("a").number, 3);
  }

  TEST(Fields, AnOptionalMayBeNullOrLeftOutAndNothingElseMay) {
    object o = write_fields(kExample);
    o["maybe"] = nullptr;
    EXPECT_FALSE(read_fields<Outer>(o)->maybe);
    o.erase("maybe");
    EXPECT_FALSE(read_fields<Outer>(o)->maybe);
    o.erase("text");
    EXPECT_EQ(read_fields<Outer>(o).error().message, "field 'text' is missing; it must be a string");
  }

  TEST(Fields, TheFirstWrongFieldIsNamedHoweverDeepItLies) {
    object o = write_fields(kExample);
    o["list"].as_array()[1].as_object()["number"] = int64_t{1} << 40;
    EXPECT_EQ(read_fields<Outer>(o).error().message,
              "field 'number' is 1099511627776; it must be an integer that fits");
    o = write_fields(kExample);
    o["colour"] = "green";
    EXPECT_EQ(read_fields<Outer>(o).error().message, "field 'colour' is \"green\"; it must be a known word");
  }

  TEST(Fields, ANumberThatIsNoneIsNullAndComesBackAsNotANumber) {
    Outer o = kExample;
    o.ratio = std::nan("");
    EXPECT_TRUE(write_fields(o)["ratio"].is_null());
    EXPECT_TRUE(std::isnan(read_fields<Outer>(write_fields(o))->ratio));
  }

  }  // namespace
}  // namespace longhaul::json
=======
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::fields_test {

enum class Colour { kRed, kBlue };
std::string_view to_text(Colour c) { return c == Colour::kRed ? "red" : "blue"; }
bool from_text(std::string_view text, Colour* c) {
  if (text != "red" && text != "blue") return false;
  *c = text == "red" ? Colour::kRed : Colour::kBlue;
  return true;
}

struct Part {
  int number = 0;
};
struct Whole {
  bool flag = false;
  int64_t count = 0;
  double ratio = 0;
  std::string name;
  Colour colour = Colour::kRed;
  std::optional<int64_t> maybe;
  std::vector<Part> parts;
  std::map<std::string, int64_t> by_name;
};

template <class V, class S>
void fields(V& v, S& s) requires std::is_same_v<std::remove_const_t<S>, Part> {
  v("number", s.number);
}
template <class V, class S>
void fields(V& v, S& s) requires std::is_same_v<std::remove_const_t<S>, Whole> {
  v("flag", s.flag), v("count", s.count), v("ratio", s.ratio), v("name", s.name), v("colour", s.colour);
  v("maybe", s.maybe), v("parts", s.parts), v("by_name", s.by_name);
}

Whole example() {
  return {.flag = true,
          .count = -9'007'199'254'740'993,  // has no double: integers stay integers
          .ratio = 0.1,
          .name = "ü\n\"",
          .colour = Colour::kBlue,
          .maybe = 7,
          .parts = {{1}, {2}},
          .by_name = {{"a", 1}, {"b", 2}}};
}

TEST(Fields, WhatIsWrittenAsTextIsReadBackTheSame) {
  const std::string text = json::to_text(json::write_fields(example()));
  const auto read = json::read_fields<Whole>(*json::parse_object(text));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(json::to_text(json::write_fields(*read)), text);
  EXPECT_EQ(read->count, -9'007'199'254'740'993);
  EXPECT_EQ(read->parts.at(1).number, 2);
}

TEST(Fields, UnknownIsNullAndAnOptionalMayBeLeftOut) {
  Whole whole = example();
  whole.maybe.reset();
  whole.ratio = std::nan("");
  json::object o = json::write_fields(whole);
  EXPECT_TRUE(o["maybe"].is_null());
  EXPECT_TRUE(o["ratio"].is_null());
  o.erase("maybe");
  const auto read = json::read_fields<Whole>(o);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->maybe.has_value());
  EXPECT_TRUE(std::isnan(read->ratio));
}

TEST(Fields, AWrongFieldIsNamedWithWhatItMustBe) {
  const auto error_with = [](const char* name, const json::value& wrong) {
    json::object o = json::write_fields(example());
    o[name] = wrong;
    const auto read = json::read_fields<Whole>(o);
    return read ? "read" : read.error().message;
  };
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(error_with("flag", 1), AllOf(HasSubstr("flag"), HasSubstr("true or false")));
  EXPECT_THAT(error_with("count", 1.5), AllOf(HasSubstr("count"), HasSubstr("an integer")));
  EXPECT_THAT(error_with("name", nullptr), AllOf(HasSubstr("name"), HasSubstr("a string")));
  EXPECT_THAT(error_with("colour", "green"), AllOf(HasSubstr("colour"), HasSubstr("a known word")));
  EXPECT_THAT(error_with("parts", json::object()), AllOf(HasSubstr("parts"), HasSubstr("a list")));
  EXPECT_THAT(error_with("parts", json::array{json::object{{"number", int64_t{1} << 40}}}),
              AllOf(HasSubstr("number"), HasSubstr("an integer that fits")));
  json::object missing = json::write_fields(example());
  missing.erase("count");
  EXPECT_THAT(json::read_fields<Whole>(missing).error().message, HasSubstr("'count' is missing"));
}

}  // namespace longhaul::fields_test
>>>>>>> infra
