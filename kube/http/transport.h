// Transport: one HTTP exchange with the API server, or one open stream of bytes from it.
//
// The seam between everything that talks Kubernetes and the sockets: TlsTransport is the real one, the fake
// API server of kube/testing another. Thread-safety: implementations may be used from several threads at
// once.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "core/base/result.h"

namespace berth::http {

struct Request {
  std::string method = "GET";
  std::string target = {};  // path and query, already percent-encoded
  std::string content_type = {};
  std::string accept = "application/json";
  std::string body = {};

  bool operator==(const Request&) const = default;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  bool operator==(const Response&) const = default;
};

// The body of a response that does not end by itself (a watch).
class Stream {
 public:
  virtual ~Stream() = default;

  // The next bytes as they arrive; "" when the server has ended the stream. Bytes received before a failure
  // are delivered before the failure is. Errors: Timeout when nothing arrived for `silence`, Unavailable when
  // the connection broke, Cancelled.
  virtual Result<std::string> read(std::chrono::milliseconds silence) = 0;

  // Makes a read that waits, and each later one, return Cancelled. May be called from another thread.
  virtual void cancel() = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends and waits for the whole answer. Any HTTP status is a Response; an Error means that there was none
  // (Unavailable, Timeout), so that a write may or may not have taken effect.
  virtual Result<Response> exchange(const Request& request, std::chrono::milliseconds deadline) = 0;

  // Sends and waits for the answer's header. A status other than 200 is an Error made from its body.
  virtual Result<std::unique_ptr<Stream>> open(const Request& request,
                                               std::chrono::milliseconds deadline) = 0;
};

}  // namespace berth::http
