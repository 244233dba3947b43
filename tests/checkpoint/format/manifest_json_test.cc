#include "checkpoint/format/manifest_json.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/checkpoint/format/manifest_example.h"

namespace longhaul::checkpoint {
namespace {

TEST(ManifestJson, KeepsEveryField) {
  EXPECT_EQ(manifest_from_json(manifest_to_json(example_manifest())).value(), example_manifest());
  Manifest first = example_manifest();
  first.parent = "";
  first.cursor.seed = 42;
  EXPECT_EQ(manifest_from_json(manifest_to_json(first)).value(), first);
  EXPECT_TRUE(manifest_to_json(first).at("parent").is_null());
}

// Calls damage(object, key) on every field of every object in the tree, each time on a fresh copy.
void for_each_field(const std::function<void(json::object&, const std::string&)>& damage,
                    const std::function<void(const json::object&, const std::string&)>& check) {
  const std::function<int(json::value&, int, const std::string&, std::string&)> visit =
      [&](json::value& v, int skip, const std::string& path, std::string& hit) -> int {
    if (v.is_array()) {
      for (json::value& item : v.get_array()) {
        skip = visit(item, skip, path, hit);
        if (skip < 0) break;
      }
    } else if (v.is_object()) {
      for (auto& [key, value] : v.get_object()) {
        const std::string name(key);
        if (skip-- == 0) {
          hit = path + "." + name;
          damage(v.get_object(), name);
          return -1;
        }
        skip = visit(value, skip, path + "." + name, hit);
        if (skip < 0) break;
      }
    }
    return skip;
  };
  for (int n = 0;; ++n) {
    json::value root = manifest_to_json(example_manifest());
    std::string hit;
    if (visit(root, n, "", hit) >= 0) return;
    check(root.get_object(), hit);
  }
}

TEST(ManifestJson, RefusesEachFieldWhenItIsMissing) {
  int fields = 0;
  for_each_field([](json::object& o, const std::string& key) { o.erase(key); },
                 [&](const json::object& o, const std::string& path) {
                   ++fields;
                   const auto manifest = manifest_from_json(o);
                   ASSERT_FALSE(manifest) << path;
                   const std::string name = path.substr(path.find_last_of('.') + 1);
                   EXPECT_NE(manifest.error().message.find("'" + name + "'"), std::string::npos)
                       << path << ": " << manifest.error().message;
                 });
  EXPECT_GT(fields, 60);
}

TEST(ManifestJson, RefusesEachFieldOfAnotherType) {
  for_each_field(
      [](json::object& o, const std::string& key) { o[key] = true; },
      [](const json::object& o, const std::string& path) { EXPECT_FALSE(manifest_from_json(o)) << path; });
}

TEST(ManifestJson, RefusesAFieldItDoesNotKnow) {
  for_each_field([](json::object& o, const std::string&) { o["surprise"] = 1; },
                 [](const json::object& o, const std::string& path) {
                   const auto manifest = manifest_from_json(o);
                   ASSERT_FALSE(manifest) << path;
                   EXPECT_NE(manifest.error().message.find("unknown field 'surprise'"), std::string::npos);
                 });
}

TEST(ManifestJson, RefusesAnotherVersion) {
  json::object o = manifest_to_json(example_manifest());
  o["version"] = 2;
  EXPECT_NE(manifest_from_json(o).error().message.find("version 2 is not known"), std::string::npos);
}

TEST(ManifestJson, CarriesAShardEntryAsText) {
  const ShardEntry entry = example_manifest().files[1];
  EXPECT_EQ(parse_shard_entry(shard_entry_to_text(entry)).value(), entry);
  EXPECT_FALSE(parse_shard_entry("[]"));
  EXPECT_FALSE(parse_shard_entry("{"));
}

}  // namespace
}  // namespace longhaul::checkpoint
