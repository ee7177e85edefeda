// The webhook's HTTP side alone: kube/http's server before webhook::review() and the sample cluster.
//
// Usage: berth_server CERTIFICATE.pem KEY.pem. Prints the port it listens on and serves until it is killed.
// cpprest_server.cpp is the same on cpprestsdk; what both answer comes from the same code.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <unistd.h>

#include "bench/sample.h"
#include "kube/daemon/memory.h"
#include "kube/http/server.h"
#include "webhook/review_handler.h"

namespace {

std::string read(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: berth_server CERTIFICATE.pem KEY.pem\n";
    return 2;
  }
  berth::daemon::few_arenas();  // as berth-webhook
  berth::daemon::keep_for_requests();
  const auto facts = berth::bench::cluster(10);
  berth::http::ServerOptions options;
  options.address = "127.0.0.1";
  options.certificate = berth::http::KeyPair{read(argv[1]), read(argv[2])};
  const auto server = berth::http::Server::start(options, [&](const berth::http::ServerRequest& request) {
    berth::http::Reply reply;
    reply.body = berth::webhook::review(request.body, &facts, berth::bench::kNow).answer;
    return reply;
  });
  if (!server.ok()) {
    std::cerr << server.error().message << '\n';
    return 1;
  }
  std::cout << (*server)->port() << std::endl;
  for (;;) pause();
}
