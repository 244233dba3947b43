// Visitors of a variant out of lambdas: std::visit(Overloaded{[](const A&) {…}, [](const B&) {…}}, v).
#pragma once

namespace longhaul {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace longhaul
