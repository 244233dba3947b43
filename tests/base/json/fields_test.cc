#include "base/json/fields.h"

#include <cmath>

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
void fields(V& v, S& s)
  requires std::is_same_v<std::remove_const_t<S>, Inner>
{
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
void fields(V& v, S& s)
  requires std::is_same_v<std::remove_const_t<S>, Outer>
{
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
  EXPECT_EQ(read_fields<Outer>(o).error().message, "field 'number' is 1099511627776; it must be an integer that fits");
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
