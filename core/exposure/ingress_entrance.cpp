#include "core/exposure/ingress_entrance.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/exposure/field_path.h"

namespace berth::exposure {
namespace {

constexpr std::string_view kAlbAction = "alb.ingress.kubernetes.io/actions.";
// By which a backend says that the annotation with its name in it tells where it leads.
constexpr std::string_view kUseAnnotation = "use-annotation";
constexpr std::string_view kDefaultBackend = "nginx.ingress.kubernetes.io/default-backend";
constexpr std::string_view kMirror = "nginx.ingress.kubernetes.io/mirror-target";

// Configuration of a proxy, word for word: it may send requests anywhere.
constexpr std::array<std::string_view, 11> kSnippets = {
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.ingress.kubernetes.io/stream-snippet",
    "nginx.ingress.kubernetes.io/auth-snippet",
    "nginx.ingress.kubernetes.io/modsecurity-snippet",
    "nginx.org/location-snippets",
    "nginx.org/server-snippets",
    "haproxy.org/backend-config-snippet",
    "haproxy-ingress.github.io/config-backend",
    "haproxy-ingress.github.io/config-frontend",
    "haproxy-ingress.github.io/config-tcp-service",
};
// What makes such a configuration pass requests on: NGINX's modules, and HAProxy's sections.
constexpr std::array<std::string_view, 10> kPassing = {
    "proxy_pass",     "fastcgi_pass", "grpc_pass", "uwsgi_pass",  "scgi_pass",
    "memcached_pass", "upstream",     "_by_lua",   "use_backend", "server ",
};

std::string annotation_field(std::string_view key) {
  return "metadata.annotations[" + std::string(key) + "]";
}

std::string annotation_sign(std::string_view key) { return "annotation " + std::string(key); }

std::optional<std::int64_t> as_number(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end ? std::optional(number) : std::nullopt;
}

class Reader {
 public:
  Reader(const Ingress& ingress, const ReadAlbAction& read_alb_action)
      : ingress_(ingress), read_alb_action_(read_alb_action) {
    entrance_.meta = ingress.meta;
    entrance_.kind = "Ingress";
    entrance_.via = Via::kIngress;
    entrance_.ends_tls = true;
  }

  Entrance read() {
    if (ingress_.default_backend) add_backend(*ingress_.default_backend, "", "spec.defaultBackend");
    for (std::size_t i = 0; i < ingress_.rules.size(); ++i) add_rule(i);
    for (const auto& [key, value] : ingress_.meta.annotations) add_annotation(key, value);
    return std::move(entrance_);
  }

 private:
  void add_rule(std::size_t index) {
    const IngressRule& rule = ingress_.rules[index];
    for (std::size_t k = 0; k < rule.paths.size(); ++k) {
      const std::string path = indexed(indexed("spec.rules", index) + ".http.paths", k);
      add_backend(rule.paths[k].backend, rule.host, path + ".backend");
      add_path(rule.paths[k].path, rule.host, path + ".path");
    }
  }

  void add_backend(const IngressBackend& backend, const std::string& host, const std::string& field) {
    if (backend.port_name == kUseAnnotation) {
      const std::string key = std::string(kAlbAction) + backend.service;
      const auto action = ingress_.meta.annotations.find(key);
      if (action != ingress_.meta.annotations.end()) return add_alb_action(key, action->second, host);
    }
    EntranceTarget target = led_to(host);
    target.service = backend.service;
    target.port_number = backend.port_number;
    target.port_name = backend.port_name;
    target.resource = backend.resource;
    target.number_field = field + ".service.port.number";
    entrance_.targets.push_back(std::move(target));
  }

  // Controllers write paths into their configuration; one that ends a line or a statement there is more than
  // a path (CVE-2021-25745 and its successors).
  void add_path(const std::string& path, const std::string& host, const std::string& field) {
    const bool breaks_out = path.find_first_of(";\n\r\"") != std::string::npos;
    if (breaks_out)
      add_unknown(field, "the path holds characters that end a line of its proxy's configuration", host);
  }

  void add_annotation(const std::string& key, const std::string& value) {
    if (value.empty()) return;
    if (key == kDefaultBackend) {
      EntranceTarget target = led_to("");
      target.sign = annotation_sign(key);
      target.service = value;
      target.first_port = true;
      entrance_.targets.push_back(std::move(target));
    } else if (key == kMirror) {
      add_unknown(annotation_sign(key), "it copies requests to where it says", "");
    } else if (key.starts_with(kAlbAction)) {
      if (!is_used(key.substr(kAlbAction.size()))) add_alb_action(key, value, "");
    } else if (std::find(kSnippets.begin(), kSnippets.end(), key) != kSnippets.end()) {
      const auto passing = std::find_if(kPassing.begin(), kPassing.end(), [&](std::string_view word) {
        return value.find(word) != std::string::npos;
      });
      if (passing == kPassing.end()) return;
      std::string word(*passing);
      while (word.ends_with(' ')) word.pop_back();
      add_unknown(annotation_sign(key), "it configures the proxy itself, with " + word, "");
    }
  }

  // By a backend, which says for which host.
  bool is_used(std::string_view action) const {
    const auto uses = [&](const IngressBackend& backend) {
      return backend.port_name == kUseAnnotation && backend.service == action;
    };
    if (ingress_.default_backend && uses(*ingress_.default_backend)) return true;
    return std::any_of(ingress_.rules.begin(), ingress_.rules.end(), [&](const IngressRule& rule) {
      return std::any_of(rule.paths.begin(), rule.paths.end(),
                         [&](const IngressPath& path) { return uses(path.backend); });
    });
  }

  void add_alb_action(const std::string& key, const std::string& value, const std::string& host) {
    const auto references = read_alb_action_(value);
    if (!references.ok()) {
      // A warning is short: what a parser says of a text that is no JSON would crowd out where it stands.
      const Error& error = references.error();
      const std::string why = error.field.empty() ? " as JSON" : ": " + error.message;
      return add_unknown(annotation_sign(key), "it cannot be read" + why, host);
    }
    for (const ServiceReference& reference : *references) {
      EntranceTarget target = led_to(host);
      target.sign = annotation_sign(key);
      target.service = reference.service;
      target.number_field = annotation_field(key);
      if (const auto* number = std::get_if<std::int64_t>(&reference.port)) target.port_number = *number;
      if (const auto* name = std::get_if<std::string>(&reference.port)) {
        // Digits are a number to this controller, though they stand in quotes.
        const auto number = as_number(*name);
        target.port_number = number.value_or(0);
        if (!number) target.port_name = *name;
      }
      entrance_.targets.push_back(std::move(target));
    }
  }

  void add_unknown(std::string sign, std::string why, const std::string& host) {
    EntranceTarget target = led_to(host);
    target.sign = std::move(sign);
    target.unknown = std::move(why);
    entrance_.targets.push_back(std::move(target));
  }

  [[nodiscard]] EntranceTarget led_to(const std::string& host) const {
    EntranceTarget target;
    target.ns = ingress_.meta.ns;
    target.host = host;
    target.shown = ingress_.tls ? 443 : 80;
    return target;
  }

  const Ingress& ingress_;
  const ReadAlbAction& read_alb_action_;
  Entrance entrance_;
};

std::vector<LeadingAnnotation> make_leading_annotations() {
  std::vector<LeadingAnnotation> list = {
      {"alb.ingress.kubernetes.io/actions.*", "AWS Load Balancer Controller",
       "the Services of its target groups"},
      {kDefaultBackend, "ingress-nginx", "the first port of that Service"},
      {kMirror, "ingress-nginx", "not known"},
  };
  for (const std::string_view key : kSnippets) {
    const std::string_view controller = key.starts_with("nginx.ingress") ? "ingress-nginx"
                                        : key.starts_with("nginx.org")   ? "NGINX Ingress Controller"
                                        : key.starts_with("haproxy.org") ? "HAProxy Ingress Controller"
                                                                         : "HAProxy Ingress";
    list.push_back({key, controller, "not known, when it passes requests on"});
  }
  return list;
}

}  // namespace

Entrance entrance_of(const Ingress& ingress, const ReadAlbAction& read_alb_action) {
  return Reader(ingress, read_alb_action).read();
}

const std::vector<LeadingAnnotation>& leading_annotations() {
  static const std::vector<LeadingAnnotation> list = make_leading_annotations();
  return list;
}

}  // namespace berth::exposure
