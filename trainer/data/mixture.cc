#include "trainer/data/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/core/check.h"

namespace longhaul::trainer::data {
namespace {

// Largest remainders, after each corpus got the one share that a positive weight entitles it to.
std::vector<int64_t> round_to_shares(const std::vector<double>& weights, double total) {
  std::vector<int64_t> shares;
  for (const double weight : weights) shares.push_back(weight > 0 ? 1 : 0);
  const int64_t free = Mixture::kPeriod - std::accumulate(shares.begin(), shares.end(), int64_t{0});
  std::vector<double> remainders(weights.size());
  int64_t given = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    const double exact = weights[k] / total * static_cast<double>(free);
    const auto whole = static_cast<int64_t>(exact);
    shares[k] += whole;
    given += whole;
    remainders[k] = exact - static_cast<double>(whole);
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  // Fewer shares are left than there are positive weights, and a weight of 0 has no remainder.
  for (size_t i = 0; given < free; ++i, ++given) ++shares.at(order.at(i));
  return shares;
}

}  // namespace

Result<Mixture> Mixture::create(const std::vector<double>& weights) {
  if (weights.empty()) return invalid("no corpora");
  if (weights.size() > kMaxCorpora) {
    return invalid(fmt::format("{} corpora, at most {} are allowed", weights.size(), kMaxCorpora));
  }
  double total = 0;
  for (const double weight : weights) {
    if (!std::isfinite(weight) || weight < 0) {
      return invalid(fmt::format("corpus weight {} is no number from 0 up", weight));
    }
    total += weight;
  }
  if (!std::isfinite(total)) return invalid("the corpus weights are too large to add up");
  if (total <= 0) return invalid("all corpus weights are 0");

  Mixture mixture;
  mixture.shares_ = round_to_shares(weights, total);
  mixture.period_.reserve(kPeriod);
  std::vector<int64_t> deficit(weights.size(), 0), taken(weights.size(), 0);
  for (int64_t i = 0; i < kPeriod; ++i) {
    for (size_t k = 0; k < deficit.size(); ++k) deficit[k] += mixture.shares_[k];
    const auto k = static_cast<size_t>(std::max_element(deficit.begin(), deficit.end()) - deficit.begin());
    mixture.period_.push_back({static_cast<uint16_t>(k), static_cast<uint16_t>(taken[k])});
    deficit[k] -= kPeriod;
    ++taken[k];
  }
  CHECK(taken == mixture.shares_);
  return mixture;
}

Mixture::Pick Mixture::at(int64_t sample_index) const {
  CHECK(sample_index >= 0);
  const Slot slot = period_[static_cast<size_t>(sample_index % kPeriod)];
  return {slot.corpus, sample_index / kPeriod * shares_[slot.corpus] + slot.ordinal};
}

}  // namespace longhaul::trainer::data
