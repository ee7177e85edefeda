#include "kube/client/kubeconfig.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "kube/client/access.h"
#include "kube/client/in_cluster.h"
#include "kube/yaml/yaml_tree.h"

namespace berth::client {
namespace {

struct Surroundings {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  [[nodiscard]] Environment environment() const {
    Environment made;
    made.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    made.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return Error{Code::kNotFound, "cannot open " + path};
      return found->second;
    };
    return made;
  }
};

std::string config(const std::string& cluster, const std::string& user, const std::string& context = "") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
         "contexts:\n- name: main\n  context: {cluster: c, user: u" +
         context + "}\n- name: other\n  context: {cluster: c2, user: u}\n" +
         "clusters:\n- name: c\n  cluster: {" + cluster + "}\n" +
         "- name: c2\n  cluster: {server: \"https://other:7000\"}\n" + "users:\n- name: u\n  user: {" + user +
         "}\n";
}

Result<ClusterAccess> parse(const std::string& text, const std::string& context = "",
                            const Surroundings& around = {}) {
  return parse_kubeconfig(text, "/home/me/.kube/config", context, around.environment());
}

TEST(Kubeconfig, ReadsServers) {
  struct Case {
    const char* server;
    const char* host;
    std::uint16_t port;
    const char* path;
    bool plain;
  };
  const Case cases[] = {
      {"https://127.0.0.1:6443", "127.0.0.1", 6443, "", false},
      {"https://api.example.com", "api.example.com", 443, "", false},
      {"https://api.example.com/", "api.example.com", 443, "", false},
      {"https://[::1]:6443", "::1", 6443, "", false},
      {"https://[fd00::1]", "fd00::1", 443, "", false},
      {"http://localhost:8001", "localhost", 8001, "", true},
      {"http://localhost", "localhost", 80, "", true},
      {"https://rancher/k8s/clusters/c-1/", "rancher", 443, "/k8s/clusters/c-1", false},
  };
  for (const Case& each : cases) {
    const auto access = parse(config("server: \"" + std::string(each.server) + "\"", "token: t"));
    ASSERT_TRUE(access.ok()) << each.server << ": " << access.error().message;
    EXPECT_EQ(access->host, each.host) << each.server;
    EXPECT_EQ(access->port, each.port) << each.server;
    EXPECT_EQ(access->path, each.path) << each.server;
    EXPECT_EQ(access->plain, each.plain) << each.server;
  }
}

TEST(Kubeconfig, RefusesWhatIsNoServer) {
  for (const char* server :
       {"", "127.0.0.1:6443", "ftp://x", "https://", "https://:6443", "https://x:0", "https://x:65536",
        "https://x:", "https://x:64y", "https://[::1", "https://[::1]x", "https://u@x", "https://x?y",
        "https://x:-1", "https://x: 1"}) {
    const auto access = parse(config("server: \"" + std::string(server) + "\"", "token: t"));
    ASSERT_FALSE(access.ok()) << server;
    EXPECT_EQ(access.error().field, "clusters[0].cluster.server") << server;
  }
}

TEST(Kubeconfig, ReadsCredentials) {
  Surroundings around;
  around.files = {{"/home/me/.kube/ca.pem", "CA"}, {"/abs/crt", "CRT"}, {"/home/me/.kube/sub/key", "KEY"}};
  const auto files = parse(config("server: \"https://x\", certificate-authority: ca.pem, tls-server-name: y",
                                  "client-certificate: /abs/crt, client-key: sub/key"),
                           "", around);
  ASSERT_TRUE(files.ok()) << files.error().message;
  EXPECT_EQ(files->ca_pem, "CA");
  EXPECT_EQ(files->client_cert_pem, "CRT");
  EXPECT_EQ(files->client_key_pem, "KEY");
  EXPECT_EQ(files->server_name, "y");

  const auto data = parse(config("server: \"https://x\", certificate-authority-data: Q0E=, "
                                 "certificate-authority: missing",
                                 "client-certificate-data: Q1JU, client-key-data: S0VZ, token: abc"),
                          "", around);
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_EQ(data->ca_pem, "CA") << "data win over a file";
  EXPECT_EQ(data->client_cert_pem, "CRT");
  EXPECT_EQ(data->client_key_pem, "KEY");
  EXPECT_EQ(data->token, "abc");

  const auto token = parse(config("server: \"https://x\"", "token: abc, tokenFile: token"), "", around);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->token_file, "/home/me/.kube/token") << "a file wins: it is kept fresh";
  EXPECT_EQ(token->token, "");
}

TEST(Kubeconfig, ReadsContexts) {
  const std::string text = config("server: \"https://x\"", "token: t", ", namespace: shop");
  EXPECT_EQ(parse(text)->ns, "shop");
  EXPECT_EQ(parse(text)->source, "/home/me/.kube/config (context main)");
  EXPECT_EQ(parse(text, "other")->host, "other");
  EXPECT_EQ(parse(text, "other")->ns, "default");
  const auto missing = parse(text, "none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().message.find("known: main, other"), std::string::npos) << missing.error().message;
}

TEST(Kubeconfig, SaysWhatItDoesNotSupportAndWhatToDo) {
  struct Case {
    const char* cluster;
    const char* user;
    const char* field;
    const char* says;
  };
  const char* server = "server: \"https://x\"";
  const Case cases[] = {
      {server, "exec: {command: aws}", "users[0].user.exec", "kubectl create token"},
      {server, "auth-provider: {name: oidc}", "users[0].user.auth-provider", "client certificate"},
      {server, "username: a, password: b", "users[0].user.username", "1.19"},
      {server, "as: admin", "users[0].user.as", "impersonation"},
      {server, "client-certificate-data: Q1JU", "users[0].user.client-certificate", "together"},
      {server, "client-certificate-data: \"!\"", "users[0].user.client-certificate-data", "base64"},
      {server, "client-certificate: nowhere, client-key: nowhere", "users[0].user.client-certificate",
       "cannot open"},
      {server, "token: \"a b\"", "users[0].user.token", "printable"},
      {server, "token: [a]", "users[0].user.token", "text"},
      {"server: \"https://x\", proxy-url: \"http://p\"", "token: t", "clusters[0].cluster.proxy-url",
       "directly"},
      {"server: \"https://x\", insecure-skip-tls-verify: maybe", "token: t",
       "clusters[0].cluster.insecure-skip-tls-verify", "true or false"},
      {"server: \"https://x\", insecure-skip-tls-verify: true, certificate-authority-data: Q0E=", "token: t",
       "clusters[0].cluster.insecure-skip-tls-verify", "remove one"},
  };
  for (const Case& each : cases) {
    const auto access = parse(config(each.cluster, each.user));
    ASSERT_FALSE(access.ok()) << each.field;
    EXPECT_EQ(access.error().field, each.field);
    EXPECT_NE(access.error().message.find(each.says), std::string::npos) << access.error().message;
    EXPECT_NE(access.error().message.find("/home/me/.kube/config"), std::string::npos);
  }
}

TEST(Kubeconfig, NeverShowsASecret) {
  const auto access = parse(config("server: \"https://x\"", "token: \"s3cr\\x01et\""));
  ASSERT_FALSE(access.ok());
  EXPECT_EQ(access.error().message.find("s3cr"), std::string::npos);
}

TEST(Kubeconfig, RefusesTrapsOfYaml) {
  struct Case {
    const char* name;
    std::string text;
  };
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "[";
  const Case cases[] = {
      {"empty", ""},
      {"a list", "- a\n"},
      {"a bomb", "a: &a [x, x]\nb: [*a, *a]\n"},
      {"an anchor", "a: &a b\n"},
      {"a cycle", "a: &a [*a]\n"},
      {"a key twice", "current-context: a\ncurrent-context: b\n"},
      {"a key twice inside", "a: {b: 1, b: 2}\n"},
      {"a list as key", "? [a]\n: b\n"},
      {"two documents", "a: b\n---\nc: d\n"},
      {"too deep", deep},
      {"broken", "a: [b\n"},
      {"too large", "a: " + std::string(yaml::kMaxYamlBytes, 'x') + "\n"},
      {"no context", "contexts: []\n"},
      {"contexts of the wrong type", "current-context: a\ncontexts: {a: b}\n"},
      {"a context of the wrong type", "current-context: a\ncontexts: [a]\n"},
  };
  for (const Case& each : cases) {
    const auto access = parse(each.text);
    ASSERT_FALSE(access.ok()) << each.name;
    EXPECT_EQ(access.error().code, Code::kMalformed) << each.name << ": " << access.error().message;
  }
}

TEST(InCluster, ReadsTheServiceAccount) {
  Surroundings around;
  around.variables = {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
  const std::string folder = kServiceAccountFolder;
  around.files = {
      {folder + "/ca.crt", "CA"}, {folder + "/token", "t\n"}, {folder + "/namespace", "berth-system\n"}};
  const auto access = in_cluster_access(around.environment());
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->host, "10.96.0.1");
  EXPECT_EQ(access->port, 443);
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->token, "") << "the file is read again each minute";
  EXPECT_EQ(access->token_file, folder + "/token");
  EXPECT_EQ(access->ns, "berth-system");
  around.files.erase(folder + "/token");
  EXPECT_EQ(in_cluster_access(around.environment()).error().code, Code::kMalformed);
  around.variables["KUBERNETES_SERVICE_PORT"] = "https";
  EXPECT_EQ(in_cluster_access(around.environment()).error().field, "KUBERNETES_SERVICE_PORT");
  EXPECT_EQ(in_cluster_access(Surroundings().environment()).error().code, Code::kNotFound);
}

TEST(FindAccess, LooksInTheRightOrder) {
  const auto file = [](const std::string& host) {
    return config("server: \"https://" + host + "\"", "token: t");
  };
  Surroundings around;
  around.variables = {{"KUBERNETES_SERVICE_HOST", "cluster"},
                      {"KUBERNETES_SERVICE_PORT", "443"},
                      {"KUBECONFIG", ":/missing:/second:/third"},
                      {"HOME", "/home/me"}};
  const std::string folder = kServiceAccountFolder;
  around.files = {{"/flag", file("flag")},   {folder + "/ca.crt", "CA"},
                  {folder + "/token", "t"},  {"/second", file("second")},
                  {"/third", file("third")}, {"/home/me/.kube/config", file("home")}};
  const auto host = [&](const std::string& flag) {
    const auto access = find_access(around.environment(), flag);
    return access.ok() ? access->host : "error: " + access.error().message;
  };
  EXPECT_EQ(host("/flag"), "flag");
  EXPECT_EQ(host(""), "cluster");
  around.variables.erase("KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(host(""), "second");
  around.variables.erase("KUBECONFIG");
  EXPECT_EQ(host(""), "home");
  around.files.erase("/home/me/.kube/config");
  EXPECT_NE(host("").find("--kubeconfig"), std::string::npos);
  EXPECT_NE(host("").find("/home/me/.kube/config"), std::string::npos) << "it says where it looked";
  EXPECT_NE(host("/nowhere").find("cannot open /nowhere"), std::string::npos);
}

TEST(FindAccess, TellsOfABrokenFileInsteadOfLookingOn) {
  Surroundings around;
  around.variables = {{"KUBECONFIG", "/broken:/good"}};
  around.files = {{"/broken", "a: [b"}, {"/good", config("server: \"https://x\"", "token: t")}};
  const auto access = find_access(around.environment(), "");
  ASSERT_FALSE(access.ok());
  EXPECT_NE(access.error().message.find("/broken"), std::string::npos);
}

}  // namespace
}  // namespace berth::client
