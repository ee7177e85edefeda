// Messages: what conditions say of nearly every object, so that packed copies hold it as one number
// (kube/json/common_words.h).
//
// For people: the texts may change, and programs look at reasons (reasons.h).
#pragma once

namespace berth::message {

inline constexpr char kPoliciesInPlace[] = "NetworkPolicies admit exactly the declared clients";
inline constexpr char kReady[] = "the ports are held, published and enforced";

}  // namespace berth::message
