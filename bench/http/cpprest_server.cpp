// The measured baseline: what berth_server.cpp does, on cpprestsdk, the library Berth was first drafted with.
//
// Written as its own documentation advises: continuations, no handler that waits. cpprestsdk's JSON is left
// out, so that only the HTTP stacks differ.
// Usage: cpprest_server CERTIFICATE.pem KEY.pem PORT THREADS. THREADS 0: the library's own choice, 40.
#include <cpprest/http_listener.h>
#include <iostream>
#include <pplx/threadpool.h>
#include <string>
#include <unistd.h>

#include "bench/sample.h"
#include "webhook/review_handler.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: cpprest_server CERTIFICATE.pem KEY.pem PORT THREADS\n";
    return 2;
  }
  const std::string certificate = argv[1];
  const std::string key = argv[2];
  if (const int threads = std::stoi(argv[4]); threads > 0) {
    crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(threads));
  }

  const auto facts = berth::bench::cluster(10);
  web::http::experimental::listener::http_listener_config config;
  config.set_ssl_context_callback([&](boost::asio::ssl::context& context) {
    context.set_options(boost::asio::ssl::context::default_workarounds);
    context.use_certificate_chain_file(certificate);
    context.use_private_key_file(key, boost::asio::ssl::context::pem);
  });
  web::http::experimental::listener::http_listener listener("https://127.0.0.1:" + std::string(argv[3]) + "/",
                                                            config);
  listener.support(web::http::methods::POST, [&](web::http::http_request request) {
    request.extract_utf8string(true)
        .then([&facts, request](const std::string& body) {
          const auto reviewed = berth::webhook::review(body, &facts, berth::bench::kNow);
          return request.reply(web::http::status_codes::OK, reviewed.answer, "application/json");
        })
        .then([](const pplx::task<void>& task) {
          try {
            task.get();
          } catch (const std::exception&) {  // the client has gone
          }
        });
  });
  listener.open().wait();
  std::cout << argv[3] << std::endl;
  for (;;) pause();
}
