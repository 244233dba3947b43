#include "telemetry/history/loss_digest.h"

#include <bit>
#include <cstring>

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

// From the definition, byte by byte.
std::string digest_of(const std::vector<float>& losses) {
  std::string bytes;
  for (size_t i = 0; i < losses.size(); ++i) {
    for (int k = 0; k < 8; ++k) bytes.push_back(static_cast<char>(((i + 1) >> (8 * k)) & 0xff));
    const auto bits = std::bit_cast<uint32_t>(losses[i]);
    for (int k = 0; k < 4; ++k) bytes.push_back(static_cast<char>((bits >> (8 * k)) & 0xff));
  }
  return sha256_hex(bytes, 16);
}

TEST_F(HistoryTest, TheLossDigestIsThatOfTheDefinitionAlsoAfterARollback) {
  const int64_t root = history_->begin_segment(0, std::nullopt, 1, "start").value();
  EXPECT_EQ(history_->loss_digest(0).value(), "e3b0c44298fc1c14");  // of nothing
  std::vector<float> losses;
  for (int s = 1; s <= 30; ++s) {
    losses.push_back(2.5F - 0.01F * static_cast<float>(s));
    record(root, step_record(s, losses.back()));
    if (s % 7 == 0) {
      EXPECT_EQ(history_->loss_digest(s).value(), digest_of(losses));
    }
  }
  EXPECT_EQ(reader().loss_digest(30).value(), digest_of(losses));
  EXPECT_EQ(history_->loss_digest(12).value(), digest_of({losses.begin(), losses.begin() + 12}));

  const int64_t child = history_->begin_segment(1, root, 21, "rollback").value();
  ASSERT_TRUE(history_->cut(root, 20, "rollback"));
  losses.resize(20);
  EXPECT_EQ(history_->loss_digest(20).value(), digest_of(losses));
  for (int s = 21; s <= 25; ++s) {
    losses.push_back(1.0F / static_cast<float>(s));
    record(child, step_record(s, losses.back()));
  }
  record(root, step_record(31, 9.0));  // late, of the abandoned branch
  EXPECT_EQ(history_->loss_digest(25).value(), digest_of(losses));
}

TEST_F(HistoryTest, TheLossDigestNamesTheStepThatIsMissing) {
  const int64_t root = history_->begin_segment(0, std::nullopt, 1, "start").value();
  for (const int s : {1, 2, 4}) record(root, step_record(s, 2.0));
  EXPECT_EQ(history_->loss_digest(4).error().message, "step 3 has no recorded loss");
  record(root, step_record(3, 2.0));
  EXPECT_EQ(history_->loss_digest(4).value(), digest_of({2, 2, 2, 2}));
}

}  // namespace
}  // namespace longhaul::telemetry
