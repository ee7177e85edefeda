// Credentials by a program, as kubeconfigs of cloud providers have them.
#include "kube/client/exec_credential.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "kube/client/access.h"
#include "kube/client/kubeconfig.h"
#include "kube/client/program.h"

namespace berth::client {
namespace {

constexpr char kWithToken[] =
    R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t0k3n"}})";

std::string config(const std::string& exec) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
         "contexts:\n- name: main\n  context: {cluster: c, user: u}\n"
         "clusters:\n- name: c\n  cluster: {server: \"https://x\"}\n"
         "users:\n- name: u\n  user:\n    exec: {" +
         exec + "}\n";
}

// `ran` is told what is run; the program writes `output`.
Result<ClusterAccess> parse(const std::string& exec, const Result<std::string>& output,
                            ProgramRun* ran = nullptr) {
  Environment environment;
  environment.variable = [](const std::string&) { return std::optional<std::string>(); };
  environment.read_file = [](const std::string& path) -> Result<std::string> {
    return Error{Code::kNotFound, "cannot open " + path};
  };
  environment.run_program = [&](const ProgramRun& run) {
    if (ran != nullptr) *ran = run;
    return output;
  };
  return parse_kubeconfig(config(exec), "/home/me/.kube/config", "", environment);
}

const std::string kV1 = "apiVersion: client.authentication.k8s.io/v1, ";

TEST(ExecCredential, IsAskedOfTheProgramAsKubectlAsksIt) {
  ProgramRun ran;
  const auto access =
      parse(kV1 + "command: aws, args: [eks, get-token], env: [{name: AWS_PROFILE, value: prod}]",
            std::string(kWithToken), &ran);
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->token, "t0k3n");
  EXPECT_EQ(ran.arguments, (std::vector<std::string>{"aws", "eks", "get-token"}));
  ASSERT_EQ(ran.variables.size(), 2U);
  EXPECT_EQ(ran.variables[0], (std::pair<std::string, std::string>{"AWS_PROFILE", "prod"}));
  EXPECT_EQ(ran.variables[1].first, "KUBERNETES_EXEC_INFO");
  EXPECT_EQ(
      ran.variables[1].second,
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}})");
}

TEST(ExecCredential, MayBeAClientCertificate) {
  const auto access =
      parse(kV1 + "command: c", std::string(R"({"kind":"ExecCredential","status":{)"
                                            R"("clientCertificateData":"CERT","clientKeyData":"KEY"}})"));
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->client_cert_pem, "CERT");
  EXPECT_EQ(access->client_key_pem, "KEY");
}

TEST(ExecCredential, TakesAPathBesideTheFileThatNamesIt) {
  ProgramRun ran;
  ASSERT_TRUE(parse(kV1 + "command: ./login", std::string(kWithToken), &ran).ok());
  EXPECT_EQ(ran.arguments.front(), "/home/me/.kube/./login");
}

TEST(ExecCredential, SaysWhatIsWrongAndNeverShowsASecret) {
  struct Case {
    std::string exec;
    Result<std::string> output;
    const char* says;
  };
  const Case cases[] = {
      {"command: aws", std::string(kWithToken), "must be client.authentication.k8s.io/v1 or v1beta1"},
      {kV1 + "args: [a]", std::string(kWithToken), "names no program"},
      {kV1 + "command: c, args: x", std::string(kWithToken), "must be a list"},
      {kV1 + "command: c, installHint: get it at example.org", Error{Code::kNotFound, "c cannot be run"},
       "get it at example.org"},
      {kV1 + "command: c", std::string("s3cret, not JSON"), "c did not write the JSON of an ExecCredential"},
      {kV1 + "command: c", std::string(R"({"kind":"Secret","token":"s3cret"})"),
       "c did not write an ExecCredential"},
      {kV1 + "command: c", std::string(R"({"kind":"ExecCredential"})"), "gave neither status.token"},
      {kV1 + "command: c", std::string(R"({"kind":"ExecCredential","status":{"clientKeyData":"s3cret"}})"),
       "without the other"},
      {kV1 + "command: c", std::string(R"({"kind":"ExecCredential","status":{"token":"s3cret \n"}})"),
       "printable"},
  };
  for (const Case& each : cases) {
    const auto access = parse(each.exec, each.output);
    ASSERT_FALSE(access.ok()) << each.exec;
    EXPECT_NE(access.error().message.find(each.says), std::string::npos) << access.error().message;
    EXPECT_EQ(access.error().message.find("s3cret"), std::string::npos) << access.error().message;
  }
}

TEST(RunProgram, GivesWhatItWroteAndSaysHowItFailed) {
  const auto written = run_program({{"sh", "-c", "printf %s \"$GREETING\""}, {{"GREETING", "hello"}}});
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(*written, "hello");
  EXPECT_EQ(run_program({{"sh", "-c", "exit 3"}, {}}).error().message, "sh failed with exit code 3");
  EXPECT_EQ(run_program({{"no-such-program-anywhere"}, {}}).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace berth::client
