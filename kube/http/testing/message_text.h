// Requests and headers of HTTP/1.1 as the tests write and read them.
//
// Shares no code with what is tested. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace berth::http::test {

std::string get(const std::string& target, bool close = false);
std::string post(const std::string& target, const std::string& body);

using Headers = std::map<std::string, std::string>;  // names in lower case

// `head`: a message up to its empty line.
Headers headers_of(std::string_view head);
// 0 when none is declared.
std::size_t content_length(const Headers& headers);

}  // namespace berth::http::test
