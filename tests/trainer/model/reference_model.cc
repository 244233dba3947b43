#include "tests/trainer/model/reference_model.h"

#include <cmath>

#include "base/core/check.h"

namespace longhaul::trainer {

namespace {

using Values = std::vector<double>;

// y[n, o] = sum_i x[n, i] w[o, i] + b[o]
Values linear(const Values& x, const double* w, const double* b, int64_t inputs, int64_t outputs) {
  const int64_t rows = static_cast<int64_t>(x.size()) / inputs;
  Values y(rows * outputs);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = b != nullptr ? b[o] : 0.0;
      for (int64_t i = 0; i < inputs; ++i) sum += x[n * inputs + i] * w[o * inputs + i];
      y[n * outputs + o] = sum;
    }
  }
  return y;
}

Values linear_backward(const Values& x, const Values& dy, const double* w, int64_t inputs, int64_t outputs,
                       double* dw, double* db) {
  const int64_t rows = static_cast<int64_t>(x.size()) / inputs;
  Values dx(x.size());
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t o = 0; o < outputs; ++o) {
      const double d = dy[n * outputs + o];
      for (int64_t i = 0; i < inputs; ++i) {
        dx[n * inputs + i] += d * w[o * inputs + i];
        dw[o * inputs + i] += d * x[n * inputs + i];
      }
      if (db != nullptr) db[o] += d;
    }
  }
  return dx;
}

struct Norm {
  double mean, inverse;
};
Norm norm_of(const double* x, int64_t h) {
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < h; ++i) mean += x[i] / static_cast<double>(h);
  for (int64_t i = 0; i < h; ++i) variance += (x[i] - mean) * (x[i] - mean) / static_cast<double>(h);
  return {mean, 1.0 / std::sqrt(variance + static_cast<double>(1e-5f))};
}

Values layer_norm(const Values& x, const double* w, const double* b, int64_t h) {
  Values y(x.size());
  for (size_t row = 0; row < x.size(); row += h) {
    const Norm norm = norm_of(&x[row], h);
    for (int64_t i = 0; i < h; ++i) y[row + i] = (x[row + i] - norm.mean) * norm.inverse * w[i] + b[i];
  }
  return y;
}

Values layer_norm_backward(const Values& x, const Values& dy, const double* w, int64_t h, double* dw,
                           double* db) {
  Values dx(x.size());
  for (size_t row = 0; row < x.size(); row += h) {
    const Norm norm = norm_of(&x[row], h);
    double mean_g = 0, mean_gx = 0;
    for (int64_t i = 0; i < h; ++i) {
      const double normal = (x[row + i] - norm.mean) * norm.inverse;
      const double g = dy[row + i] * w[i];
      mean_g += g / static_cast<double>(h);
      mean_gx += g * normal / static_cast<double>(h);
      dw[i] += dy[row + i] * normal;
      db[i] += dy[row + i];
    }
    for (int64_t i = 0; i < h; ++i) {
      const double normal = (x[row + i] - norm.mean) * norm.inverse;
      dx[row + i] = norm.inverse * (dy[row + i] * w[i] - mean_g - normal * mean_gx);
    }
  }
  return dx;
}

constexpr double kRoot2OverPi = 0.7978845608028654;

Values gelu(const Values& x) {
  Values y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = 0.5 * x[i] * (1.0 + std::tanh(kRoot2OverPi * (x[i] + 0.044715 * x[i] * x[i] * x[i])));
  }
  return y;
}

Values gelu_backward(const Values& x, const Values& dy) {
  Values dx(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double t = std::tanh(kRoot2OverPi * (x[i] + 0.044715 * x[i] * x[i] * x[i]));
    const double du = kRoot2OverPi * (1.0 + 3.0 * 0.044715 * x[i] * x[i]);
    dx[i] = dy[i] * (0.5 * (1.0 + t) + 0.5 * x[i] * (1.0 - t * t) * du);
  }
  return dx;
}

void add(Values& to, const Values& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// ALiBi's slopes by the formula of the paper, with the library's pow.
double slope(int64_t head, int64_t heads) {
  const double power = std::pow(2.0, std::floor(std::log2(static_cast<double>(heads))));
  if (static_cast<double>(head) < power) return std::pow(2.0, -8.0 / power * static_cast<double>(head + 1));
  return std::pow(2.0, -4.0 / power * (2.0 * (static_cast<double>(head) - power) + 1.0));
}

struct AttentionShape {
  int64_t batch, sequence, heads, size;
  int64_t row(int64_t b, int64_t t) const { return (b * sequence + t) * heads; }
};

// Softmax probabilities of query (b, t) in head a, over keys 0 … t.
Values probabilities(const Values& qkv, const AttentionShape& s, int64_t b, int64_t a, int64_t t) {
  Values p(t + 1);
  const double* q = &qkv[(s.row(b, t) + a) * 3 * s.size];
  double most = -1e300, sum = 0;
  for (int64_t j = 0; j <= t; ++j) {
    const double* k = &qkv[(s.row(b, j) + a) * 3 * s.size + s.size];
    double dot = 0;
    for (int64_t i = 0; i < s.size; ++i) dot += q[i] * k[i];
    p[j] = dot / std::sqrt(static_cast<double>(s.size)) + slope(a, s.heads) * static_cast<double>(j);
    most = std::max(most, p[j]);
  }
  for (double& value : p) sum += value = std::exp(value - most);
  for (double& value : p) value /= sum;
  return p;
}

Values attention(const Values& qkv, const AttentionShape& s) {
  Values out(qkv.size() / 3);
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t a = 0; a < s.heads; ++a) {
      for (int64_t t = 0; t < s.sequence; ++t) {
        const Values p = probabilities(qkv, s, b, a, t);
        for (int64_t j = 0; j <= t; ++j) {
          const double* v = &qkv[(s.row(b, j) + a) * 3 * s.size + 2 * s.size];
          for (int64_t i = 0; i < s.size; ++i) out[(s.row(b, t) + a) * s.size + i] += p[j] * v[i];
        }
      }
    }
  }
  return out;
}

void query_backward(const Values& qkv, const Values& d_out, const AttentionShape& s, int64_t b, int64_t a,
                    int64_t t, Values& d_qkv) {
  const Values p = probabilities(qkv, s, b, a, t);
  const double* d = &d_out[(s.row(b, t) + a) * s.size];
  const int64_t query = (s.row(b, t) + a) * 3 * s.size;
  Values dp(t + 1);
  double mean = 0;
  for (int64_t j = 0; j <= t; ++j) {
    const int64_t value = (s.row(b, j) + a) * 3 * s.size + 2 * s.size;
    for (int64_t i = 0; i < s.size; ++i) {
      dp[j] += d[i] * qkv[value + i];
      d_qkv[value + i] += p[j] * d[i];
    }
    mean += p[j] * dp[j];
  }
  for (int64_t j = 0; j <= t; ++j) {
    const int64_t key = (s.row(b, j) + a) * 3 * s.size + s.size;
    const double ds = p[j] * (dp[j] - mean) / std::sqrt(static_cast<double>(s.size));
    for (int64_t i = 0; i < s.size; ++i) {
      d_qkv[query + i] += ds * qkv[key + i];
      d_qkv[key + i] += ds * qkv[query + i];
    }
  }
}

Values attention_backward(const Values& qkv, const Values& d_out, const AttentionShape& s) {
  Values d_qkv(qkv.size());
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t a = 0; a < s.heads; ++a) {
      for (int64_t t = 0; t < s.sequence; ++t) query_backward(qkv, d_out, s, b, a, t, d_qkv);
    }
  }
  return d_qkv;
}

// Mean cross-entropy; d_logits when not null.
double cross_entropy(const Values& logits, const std::vector<int32_t>& targets, int64_t vocabulary,
                     Values* d_logits) {
  const double rows = static_cast<double>(targets.size());
  double loss = 0;
  if (d_logits != nullptr) d_logits->assign(logits.size(), 0.0);
  for (size_t n = 0; n < targets.size(); ++n) {
    const double* x = &logits[n * vocabulary];
    double most = x[0], sum = 0;
    for (int64_t i = 0; i < vocabulary; ++i) most = std::max(most, x[i]);
    for (int64_t i = 0; i < vocabulary; ++i) sum += std::exp(x[i] - most);
    loss += (std::log(sum) + most - x[targets[n]]) / rows;
    for (int64_t i = 0; d_logits != nullptr && i < vocabulary; ++i) {
      (*d_logits)[n * vocabulary + i] = (std::exp(x[i] - most) / sum - (i == targets[n] ? 1.0 : 0.0)) / rows;
    }
  }
  return loss;
}

struct Kept {
  Values x, normed1, qkv, attended, middle, normed2, up, act;
};

}  // namespace

ReferenceModel::ReferenceModel(const config::Model& model, int64_t batch)
    : model_(model), batch_(batch), layout_(std::move(*ParameterLayout::build(model))) {}

int64_t ReferenceModel::at(const std::string& name) const {
  const ParameterTensor* tensor = layout_.find(name);
  CHECK(tensor != nullptr);
  return tensor->offset;
}

double ReferenceModel::loss(const std::vector<double>& weights, const std::vector<int32_t>& tokens,
                            const std::vector<int32_t>& targets) const {
  std::vector<double> unused;
  return loss_and_gradients(weights, tokens, targets, unused);
}

// One long function on purpose split by what it names: forward keeps, head, backward.
double ReferenceModel::loss_and_gradients(const std::vector<double>& weights,
                                          const std::vector<int32_t>& tokens,
                                          const std::vector<int32_t>& targets,
                                          std::vector<double>& grads) const {
  const int64_t h = model_.hidden, v = model_.vocabulary_size;
  const AttentionShape shape = {batch_, model_.sequence_length, model_.heads, h / model_.heads};
  const auto w = [&](const std::string& name) { return weights.data() + at(name); };
  const std::string norm0 = "word_embeddings_layernorm", embedding = "word_embeddings.weight";

  Values embedded(tokens.size() * h);
  for (size_t n = 0; n < tokens.size(); ++n) {
    for (int64_t i = 0; i < h; ++i) embedded[n * h + i] = w(embedding)[tokens[n] * h + i];
  }
  std::vector<Kept> kept(model_.layers);
  Values x = layer_norm(embedded, w(norm0 + ".weight"), w(norm0 + ".bias"), h);
  for (int64_t layer = 0; layer < model_.layers; ++layer) {
    const std::string p = "h." + std::to_string(layer) + ".";
    Kept& k = kept[layer];
    k.x = x;
    k.normed1 = layer_norm(x, w(p + "input_layernorm.weight"), w(p + "input_layernorm.bias"), h);
    k.qkv = linear(k.normed1, w(p + "self_attention.query_key_value.weight"),
                   w(p + "self_attention.query_key_value.bias"), h, 3 * h);
    k.attended = attention(k.qkv, shape);
    k.middle =
        linear(k.attended, w(p + "self_attention.dense.weight"), w(p + "self_attention.dense.bias"), h, h);
    add(k.middle, x);
    k.normed2 = layer_norm(k.middle, w(p + "post_attention_layernorm.weight"),
                           w(p + "post_attention_layernorm.bias"), h);
    k.up = linear(k.normed2, w(p + "mlp.dense_h_to_4h.weight"), w(p + "mlp.dense_h_to_4h.bias"), h, 4 * h);
    k.act = gelu(k.up);
    x = linear(k.act, w(p + "mlp.dense_4h_to_h.weight"), w(p + "mlp.dense_4h_to_h.bias"), 4 * h, h);
    add(x, k.middle);
  }
  const Values normed = layer_norm(x, w("ln_f.weight"), w("ln_f.bias"), h);
  const Values logits = linear(normed, w(embedding), nullptr, h, v);
  if (grads.empty()) return cross_entropy(logits, targets, v, nullptr);

  grads.assign(layout_.padded_size(), 0.0);
  const auto g = [&](const std::string& name) { return grads.data() + at(name); };
  Values d_logits;
  const double loss = cross_entropy(logits, targets, v, &d_logits);
  const Values d_normed = linear_backward(normed, d_logits, w(embedding), h, v, g(embedding), nullptr);
  Values d = layer_norm_backward(x, d_normed, w("ln_f.weight"), h, g("ln_f.weight"), g("ln_f.bias"));
  for (int64_t layer = model_.layers - 1; layer >= 0; --layer) {
    const std::string p = "h." + std::to_string(layer) + ".";
    const Kept& k = kept[layer];
    const auto back = [&](const Values& in, const Values& out, const std::string& name, int64_t inputs,
                          int64_t outputs) {
      return linear_backward(in, out, w(p + name + ".weight"), inputs, outputs, g(p + name + ".weight"),
                             g(p + name + ".bias"));
    };
    const auto norm_back = [&](const Values& in, const Values& out, const std::string& name) {
      return layer_norm_backward(in, out, w(p + name + ".weight"), h, g(p + name + ".weight"),
                                 g(p + name + ".bias"));
    };
    const Values d_up = gelu_backward(k.up, back(k.act, d, "mlp.dense_4h_to_h", 4 * h, h));
    add(d, norm_back(k.middle, back(k.normed2, d_up, "mlp.dense_h_to_4h", h, 4 * h),
                     "post_attention_layernorm"));
    const Values d_qkv = attention_backward(k.qkv, back(k.attended, d, "self_attention.dense", h, h), shape);
    add(d, norm_back(k.x, back(k.normed1, d_qkv, "self_attention.query_key_value", h, 3 * h),
                     "input_layernorm"));
  }
  d = layer_norm_backward(embedded, d, w(norm0 + ".weight"), h, g(norm0 + ".weight"), g(norm0 + ".bias"));
  for (size_t n = 0; n < tokens.size(); ++n) {
    for (int64_t i = 0; i < h; ++i) g(embedding)[tokens[n] * h + i] += d[n * h + i];
  }
  return loss;
}

}  // namespace longhaul::trainer
