// The BLOOM network in plain double arithmetic, one idea a loop: what the fast model is checked against. Its
// own gradients are checked against finite differences (reference_model_test.cc).
#pragma once

#include <cstdint>
#include <vector>

#include "config/run_config.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

class ReferenceModel {
 public:
  ReferenceModel(const config::Model& model, int64_t batch);

  const ParameterLayout& layout() const { return layout_; }
  // tokens, targets: [batch, sequence]. Mean loss over all tokens.
  double loss(const std::vector<double>& weights, const std::vector<int32_t>& tokens,
              const std::vector<int32_t>& targets) const;
  // grads is overwritten: [padded_size].
  double loss_and_gradients(const std::vector<double>& weights, const std::vector<int32_t>& tokens,
                            const std::vector<int32_t>& targets, std::vector<double>& grads) const;

 private:
  int64_t at(const std::string& name) const;

  config::Model model_;
  int64_t batch_;
  ParameterLayout layout_;
};

}  // namespace longhaul::trainer
