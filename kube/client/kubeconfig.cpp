#include "kube/client/kubeconfig.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "kube/client/exec_credential.h"
#include "kube/json/base64.h"
#include "kube/yaml/yaml_tree.h"

namespace berth::client {
namespace {

using yaml::YamlTree;

// One mapping of the file, read field by field; knows its path for messages.
class Section {
 public:
  Section(const YamlTree::Mapping* mapping, std::string path) : mapping_(mapping), path_(std::move(path)) {}

  [[nodiscard]] std::string path_of(const std::string& field) const {
    return path_.empty() ? field : path_ + "." + field;
  }

  [[nodiscard]] bool has(const std::string& field) const {
    const auto found = mapping_->find(field);
    return found != mapping_->end() && !found->second.absent();
  }

  // "" when it is absent.
  [[nodiscard]] Result<std::string> text(const std::string& field) const {
    if (!has(field)) return std::string();
    const auto* value = std::get_if<std::string>(&mapping_->at(field).value);
    if (value == nullptr) return malformed("must be text", path_of(field));
    return *value;
  }

  [[nodiscard]] Result<bool> flag(const std::string& field) const {
    TRY(const std::string value, text(field));
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return malformed("must be true or false", path_of(field));
  }

  // An empty section when it is absent.
  [[nodiscard]] Result<Section> section(const std::string& field) const {
    static const YamlTree::Mapping nothing;
    if (!has(field)) return Section(&nothing, path_of(field));
    const auto* value = std::get_if<YamlTree::Mapping>(&mapping_->at(field).value);
    if (value == nullptr) return malformed("must be a mapping", path_of(field));
    return Section(value, path_of(field));
  }

  // Empty when it is absent.
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& field) const {
    TRY(const YamlTree::List* list, list_of(field));
    std::vector<std::string> found;
    for (const YamlTree& item : *list) {
      const auto* value = std::get_if<std::string>(&item.value);
      if (value == nullptr) return malformed("must be a list of texts", path_of(field));
      found.push_back(*value);
    }
    return found;
  }
  [[nodiscard]] Result<std::vector<Section>> sections(const std::string& field) const {
    TRY(const YamlTree::List* list, list_of(field));
    std::vector<Section> found;
    for (const YamlTree& item : *list) {
      const auto* value = std::get_if<YamlTree::Mapping>(&item.value);
      if (value == nullptr) return malformed("must be a list of mappings", path_of(field));
      found.emplace_back(value, path_of(field) + "[" + std::to_string(found.size()) + "]");
    }
    return found;
  }

 private:
  [[nodiscard]] Result<const YamlTree::List*> list_of(const std::string& field) const {
    static const YamlTree::List nothing;
    if (!has(field)) return &nothing;
    const auto* value = std::get_if<YamlTree::List>(&mapping_->at(field).value);
    if (value == nullptr) return malformed("must be a list", path_of(field));
    return value;
  }

  const YamlTree::Mapping* mapping_;
  std::string path_;
};

// `root.<list>[name == wanted].<field>`.
Result<Section> named_entry(const YamlTree::Mapping& root, const std::string& list, const std::string& wanted,
                            const std::string& field) {
  std::string known;
  const auto found = root.find(list);
  const YamlTree::List* entries =
      found == root.end() ? nullptr : std::get_if<YamlTree::List>(&found->second.value);
  if (found != root.end() && entries == nullptr && !found->second.absent()) {
    return malformed("must be a list", list);
  }
  for (std::size_t i = 0; entries != nullptr && i < entries->size(); ++i) {
    const std::string path = list + "[" + std::to_string(i) + "]";
    const auto* mapping = std::get_if<YamlTree::Mapping>(&(*entries)[i].value);
    if (mapping == nullptr) return malformed("must be a mapping", path);
    const Section entry(mapping, path);
    TRY(const std::string name, entry.text("name"));
    if (name == wanted) return entry.section(field);
    known += (known.empty() ? "" : ", ") + name;
  }
  return Error{Code::kNotFound,
               "there is no entry named \"" + wanted + "\"; known: " + (known.empty() ? "none" : known),
               list};
}

std::string beside(const std::string& kubeconfig, const std::string& file) {
  if (file.empty() || file.front() == '/') return file;
  const auto slash = kubeconfig.rfind('/');
  return slash == std::string::npos ? file : kubeconfig.substr(0, slash + 1) + file;
}

struct Reader {
  const std::string& path;
  const Environment& environment;

  // Base64 under `<field>-data` or a file under `<field>`; the data win, as in client-go.
  [[nodiscard]] Result<std::string> blob(const Section& section, const std::string& field) const {
    TRY(const std::string data, section.text(field + "-data"));
    if (!data.empty()) {
      auto bytes = json::base64_decoded(data);
      if (!bytes) return malformed("is no base64", section.path_of(field + "-data"));
      return std::move(*bytes);
    }
    TRY(const std::string file, section.text(field));
    if (file.empty()) return std::string();
    auto bytes = environment.read_file(beside(path, file));
    if (!bytes.ok()) {
      Error error = std::move(bytes).error();
      error.field = section.path_of(field);
      return error;
    }
    return bytes;
  }
};

// Errors never show the token.
Status check_token(const std::string& token, const std::string& field) {
  const bool clean =
      std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!clean) return malformed("a token has only printable characters and no spaces", field);
  return ok_status();
}

Status read_server(const Section& cluster, ClusterAccess& access) {
  const std::string field = cluster.path_of("server");
  TRY(const std::string server, cluster.text("server"));
  std::string_view rest = server;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    access.plain = true;
  } else {
    return malformed("must start with https://, not \"" + server + "\"", field);
  }
  if (rest.find_first_of("?#@ ") != std::string_view::npos) {
    return malformed("must be https://host[:port][/path], not \"" + server + "\"", field);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    access.path = std::string(rest.substr(slash));
    while (access.path.ends_with('/')) access.path.pop_back();
    rest = rest.substr(0, slash);
  }
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return malformed("the address has no closing \"]\"", field);
    access.host = std::string(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') return malformed("has text after the \"]\"", field);
    port = rest;
  } else {
    const std::size_t colon = rest.find(':');
    access.host = std::string(rest.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  if (access.host.empty()) return malformed("has no host", field);
  access.port = access.plain ? 80 : 443;
  if (port.empty()) return ok_status();
  port.remove_prefix(1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), access.port);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || access.port == 0) {
    return malformed("the port must be 1 to 65535, not \"" + std::string(port) + "\"", field);
  }
  return ok_status();
}

Status read_cluster(const Section& cluster, const Reader& reader, ClusterAccess& access) {
  TRY_DONE(read_server(cluster, access));
  TRY(const std::string proxy, cluster.text("proxy-url"));
  if (!proxy.empty()) {
    return malformed("proxies are not supported; use a server that can be reached directly",
                     cluster.path_of("proxy-url"));
  }
  TRY(access.server_name, cluster.text("tls-server-name"));
  TRY(access.insecure, cluster.flag("insecure-skip-tls-verify"));
  TRY(access.ca_pem, reader.blob(cluster, "certificate-authority"));
  if (access.insecure && !access.ca_pem.empty()) {
    return malformed("contradicts the certificate authority that is given too; remove one of the two",
                     cluster.path_of("insecure-skip-tls-verify"));
  }
  return ok_status();
}

// What the program gives is used once: no program of ours that runs one lives as long as a credential.
Status read_exec(const Section& exec, const Reader& reader, ClusterAccess& access) {
  TRY(const std::string api_version, exec.text("apiVersion"));
  if (api_version != "client.authentication.k8s.io/v1" &&
      api_version != "client.authentication.k8s.io/v1beta1") {
    return malformed("must be client.authentication.k8s.io/v1 or v1beta1, not \"" + api_version + "\"",
                     exec.path_of("apiVersion"));
  }
  TRY(const std::string command, exec.text("command"));
  if (command.empty()) return malformed("names no program", exec.path_of("command"));
  ProgramRun run;
  run.arguments = {command.find('/') == std::string::npos ? command : beside(reader.path, command)};
  TRY(const std::vector<std::string> arguments, exec.texts("args"));
  run.arguments.insert(run.arguments.end(), arguments.begin(), arguments.end());
  TRY(const std::vector<Section> variables, exec.sections("env"));
  for (const Section& variable : variables) {
    TRY(std::string name, variable.text("name"));
    TRY(std::string value, variable.text("value"));
    run.variables.emplace_back(std::move(name), std::move(value));
  }
  run.variables.emplace_back("KUBERNETES_EXEC_INFO", exec_info(api_version));
  const auto output = reader.environment.run_program(run);
  auto credential = output.ok() ? parse_exec_credential(*output) : Result<ExecCredential>(output.error());
  if (!credential.ok()) {
    Error error = std::move(credential).error();
    TRY(const std::string hint, exec.text("installHint"));
    if (output.ok()) error.message.insert(0, command + " ");
    if (error.code == Code::kNotFound && !hint.empty()) error.message += "; " + hint;
    error.field = exec.path_of("command");
    return error;
  }
  access.token = credential->token;
  access.client_cert_pem = credential->client_cert_pem;
  access.client_key_pem = credential->client_key_pem;
  return check_token(access.token, exec.path_of("command"));
}

Status read_user(const Section& user, const Reader& reader, ClusterAccess& access) {
  if (reader.environment.run_program && user.has("exec")) {
    TRY(const Section exec, user.section("exec"));
    return read_exec(exec, reader, access);
  }
  struct Unsupported {
    const char* field;
    const char* message;
  };
  static constexpr Unsupported kUnsupported[] = {
      {"exec",
       "programs are not run to get credentials; use a token, a tokenFile or a client certificate "
       "(for example: kubectl create token <service account>)"},
      {"auth-provider", "authentication plugins are not supported; use a token or a client certificate"},
      {"username", "the API server accepts no passwords since 1.19; use a token or a client certificate"},
      {"password", "the API server accepts no passwords since 1.19; use a token or a client certificate"},
      {"as", "impersonation is not supported; use the credentials of that user"},
  };
  for (const Unsupported& each : kUnsupported) {
    if (user.has(each.field)) return malformed(each.message, user.path_of(each.field));
  }
  TRY(access.client_cert_pem, reader.blob(user, "client-certificate"));
  TRY(access.client_key_pem, reader.blob(user, "client-key"));
  if (access.client_cert_pem.empty() != access.client_key_pem.empty()) {
    return malformed("client-certificate and client-key must be given together",
                     user.path_of("client-certificate"));
  }
  // When both are given the file wins, as in client-go: it is the one that is kept fresh.
  TRY(const std::string file, user.text("tokenFile"));
  if (!file.empty()) {
    access.token_file = beside(reader.path, file);
    return ok_status();
  }
  TRY(access.token, user.text("token"));
  return check_token(access.token, user.path_of("token"));
}

Result<ClusterAccess> read(const YamlTree::Mapping& root, const std::string& wanted, const Reader& reader) {
  const Section file(&root, "");
  std::string name = wanted;
  if (name.empty()) {
    TRY(name, file.text("current-context"));
    if (name.empty()) {
      return malformed("names no context; choose one with kubectl config use-context", "current-context");
    }
  }
  ClusterAccess access;
  access.source = reader.path + " (context " + name + ")";
  TRY(const Section context, named_entry(root, "contexts", name, "context"));
  TRY(access.ns, context.text("namespace"));
  if (access.ns.empty()) access.ns = "default";
  TRY(const std::string cluster_name, context.text("cluster"));
  TRY(const std::string user_name, context.text("user"));
  TRY(const Section cluster, named_entry(root, "clusters", cluster_name, "cluster"));
  TRY_DONE(read_cluster(cluster, reader, access));
  if (!user_name.empty()) {
    TRY(const Section user, named_entry(root, "users", user_name, "user"));
    TRY_DONE(read_user(user, reader, access));
  }
  return access;
}

}  // namespace

Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& path,
                                       const std::string& context, const Environment& environment) {
  const auto explain = [&path](Error error) {
    error.message = "kubeconfig " + path + ": " + error.message;
    return error;
  };
  auto tree = yaml::parse_yaml(text);
  if (!tree.ok()) return explain(std::move(tree).error());
  const auto* root = std::get_if<YamlTree::Mapping>(&tree->value);
  if (root == nullptr) return explain(malformed("must be a mapping with contexts, clusters and users"));
  auto access = read(*root, context, Reader{path, environment});
  if (!access.ok()) return explain(std::move(access).error());
  return access;
}

}  // namespace berth::client
