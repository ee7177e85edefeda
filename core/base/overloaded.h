// Overloaded: lambdas as one visitor, for std::visit with every alternative spelled out.
#pragma once

namespace berth {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace berth
