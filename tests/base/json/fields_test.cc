#include "base/json/fields.h"

#include <cmath>

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
