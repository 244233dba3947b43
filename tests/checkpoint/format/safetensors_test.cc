#include "checkpoint/format/safetensors.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

std::string with_length(const std::string& json) {
  std::string text(8, '\0');
  for (size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(json.size() >> (8 * i));
  return text + json;
}

Result<SafetensorsHeader> parse(const std::string& head, int64_t file_size_bytes) {
  return parse_safetensors_header(std::as_bytes(std::span(head)), file_size_bytes);
}

// A header of this JSON before `data_bytes` of data.
Result<SafetensorsHeader> parse_json(const std::string& json, int64_t data_bytes) {
  const std::string head = with_length(json);
  return parse(head, static_cast<int64_t>(head.size()) + data_bytes);
}

SafetensorsHeader example() {
  SafetensorsHeader header;
  header.tensors = {{"a", "F32", {2, 3}, 0, 24}, {"none", "F32", {0}, 24, 24}, {"b", "BF16", {5}, 24, 34}};
  header.metadata = {{"format", "pt"}};
  return header;
}

TEST(Safetensors, ReadsWhatItWroteAndAlignsTheData) {
  const std::string head = make_safetensors_header(example()).value();
  EXPECT_EQ(head.size() % 4096, 0U);
  EXPECT_EQ(head[8], '{');
  EXPECT_EQ(head.back(), ' ');
  const auto header = parse(head, static_cast<int64_t>(head.size()) + 34).value();
  EXPECT_EQ(header.tensors, example().tensors);
  EXPECT_EQ(header.metadata, example().metadata);
  EXPECT_EQ(header.data_offset, static_cast<int64_t>(head.size()));
  EXPECT_EQ(header.file_size_bytes(), header.data_offset + 34);
}

TEST(Safetensors, ReadsFilesOfOtherWriters) {  // no padding, tensors not in the order of their data
  const auto header = parse_json(
      R"({"b":{"shape":[1],"dtype":"F32","data_offsets":[4,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
      8);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->tensors.front().name, "a");
}

TEST(Safetensors, RefusesAHeaderThatBreaksARuleAndSaysWhich) {
  const struct {
    const char* json;
    int64_t data_bytes;
    const char* message;
  } cases[] = {
      {"", 0, "does not begin with '{'"},
      {" {}", 0, "does not begin with '{'"},
      {"[]", 0, "does not begin with '{'"},
      {"{}\n", 0, "does not end with '}' and spaces"},
      {"{", 0, "does not end with '}'"},
      {"{}}", 0, "not valid JSON"},
      {"{\"\xff\":1}", 0, "not valid JSON"},
      {R"({"a":1})", 0, "tensor 'a': it must be an object"},
      {R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "'dtype' is missing"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "'shape' is missing"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 4, "'data_offsets' is missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "two integers"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4, "two integers"},
      {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "not an integer"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}})", 4, "not an integer"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4, "fields beyond"},
      {R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4, "unknown dtype 'F33'"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}})", 0, "negative or overflowing"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0,
       "negative or overflowing"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "its shape needs 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "begins at 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8,
       "begins at 4, but the one before it ends at 0"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 0, "begins at -4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
       12, "'b' begins at 8, but the one before it ends at 4"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, "'b' begins at 4, but the one before it ends at 8"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, "'a' is there twice"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 5,
       "end 4 bytes after the header, the file 5"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3,
       "end 4 bytes after the header, the file 3"},
      {R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "cannot name a tensor"},
      {R"({"__metadata__":[]})", 0, "__metadata__ must be an object"},
      {R"({"__metadata__":{"a":1}})", 0, "metadata 'a' must be a string"},
      {R"({"__metadata__":{"a":"1","a":"2"}})", 0, "'a' is there twice"},
  };
  for (const auto& c : cases) {
    const auto header = parse_json(c.json, c.data_bytes);
    ASSERT_FALSE(header) << c.json;
    EXPECT_EQ(header.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(header.error().message.find(c.message), std::string::npos) << c.json << "\n"
                                                                         << header.error().message;
  }
}

TEST(Safetensors, RefusesLengthsThatCannotBe) {
  for (const std::string& head :
       {std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), std::string("\3\0\0\0\0\0\0\0{}", 10),
        std::string("\1\xe1\xf5\5\0\0\0\0{}", 10)}) {  // the last one: 100,000,001
    const auto offset = safetensors_data_offset(std::as_bytes(std::span(head)), 10);
    ASSERT_FALSE(offset);
    EXPECT_EQ(offset.error().code, ErrorCode::kCorrupt);
  }
  const std::string short_file(7, '\0');
  EXPECT_FALSE(safetensors_data_offset(std::as_bytes(std::span(short_file)), 7));
  const std::string too_long("\1\xe1\xf5\5\0\0\0\0", 8);
  EXPECT_FALSE(safetensors_data_offset(std::as_bytes(std::span(too_long)), int64_t{1} << 40));
  const std::string longest("\0\xe1\xf5\5\0\0\0\0", 8);
  EXPECT_EQ(safetensors_data_offset(std::as_bytes(std::span(longest)), int64_t{1} << 40).value(),
            100'000'008);
}

TEST(Safetensors, RefusesAFileCutAnywhere) {
  const std::string head = with_length(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})");
  const auto whole = static_cast<int64_t>(head.size()) + 4;
  ASSERT_TRUE(parse(head, whole));
  for (int64_t size = 0; size < whole; ++size) {
    const std::string rest = head.substr(0, static_cast<size_t>(size));
    EXPECT_FALSE(parse(rest, size)) << size;
    if (size < static_cast<int64_t>(head.size())) {
      EXPECT_FALSE(parse(rest, whole)) << size;
    }
  }
}

TEST(Safetensors, DoesNotWriteWhatItWouldNotRead) {
  SafetensorsHeader header = example();
  header.tensors[2].begin = 25;
  EXPECT_FALSE(make_safetensors_header(header));
  header = example();
  header.tensors[1].name = "__metadata__";
  EXPECT_FALSE(make_safetensors_header(header));
  header = example();
  header.metadata.push_back({"format", "again"});
  EXPECT_FALSE(make_safetensors_header(header));
}

}  // namespace
}  // namespace longhaul::checkpoint
