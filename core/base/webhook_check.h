// What `berth check webhook` and the webhook agree on: an object that nobody wants, asked for as a dry run
// only, and the words by which the webhook refuses it.
//
// Only whoever runs as the webhook says these words, whatever policies there are. Refusing more opens
// nothing.
#pragma once

namespace berth {

// A PodTemplate, for nothing is ever made of one.
inline constexpr char kCheckName[] = "berth-check";
// The version of the webhook follows.
inline constexpr char kCheckAnswer[] = "this is only a check, and it was judged by berth-webhook ";

}  // namespace berth
