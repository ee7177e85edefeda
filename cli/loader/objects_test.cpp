#include "cli/loader/objects.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::cli {
namespace {

struct Outcome {
  Loaded loaded;
  Problems problems;
};

Outcome load(const std::string& text) {
  Outcome outcome;
  std::vector<Document> documents = read_documents(text, "f.yaml", outcome.problems);
  outcome.loaded = load_objects(std::move(documents), "team", outcome.problems);
  return outcome;
}

std::string lines(const std::vector<Problem>& problems, const char* severity) {
  std::string text;
  for (const Problem& problem : problems) text += to_string(problem, severity) + "\n";
  return text;
}

std::string names(const Loaded& loaded) {
  std::string text;
  for (const Object& object : loaded.objects) text += object.name() + "\n";
  return text;
}

template <class T>
const T& only(const Outcome& outcome) {
  EXPECT_EQ(lines(outcome.problems.errors, "error"), "");
  EXPECT_EQ(outcome.loaded.objects.size(), 1U);
  return std::get<T>(outcome.loaded.objects.at(0).model);
}

TEST(Objects, FillInTheNamespaceOfNamespacedKindsOnly) {
  const Outcome outcome = load(
      "{apiVersion: v1, kind: Service, metadata: {name: a}}\n---\n"
      "{apiVersion: v1, kind: Service, metadata: {name: b, namespace: data}}\n---\n"
      "{apiVersion: v1, kind: Namespace, metadata: {name: data, namespace: nonsense}}\n---\n"
      "{apiVersion: berth.dev/v1alpha1, kind: ExposurePolicy, metadata: {name: p}}\n---\n"
      "{apiVersion: v1, kind: Pod, metadata: {generateName: job-}}\n");
  EXPECT_EQ(lines(outcome.problems.errors, "error"), "");
  EXPECT_EQ(names(outcome.loaded),
            "Service team/a\nService data/b\nNamespace data\nExposurePolicy p\nPod team/job-*\n");
  EXPECT_EQ(outcome.loaded.objects[4].identity(), "") << "it has no name to be known by yet";
}

TEST(Objects, DefaultTheProtocolAsTheApiServerDoes) {
  const Outcome outcome =
      load("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 0x1538}]}}");
  const auto& service = only<Service>(outcome);
  EXPECT_EQ(service.ports.at(0).port, 5432);
  EXPECT_EQ(service.ports.at(0).protocol, Protocol::kTcp);
  EXPECT_EQ(service.ports.at(0).node_port, 0) << "the cluster has yet to choose it";
}

TEST(Objects, UnwrapListsWhateverTheyAreCalled) {
  const Outcome outcome = load(R"(
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceList
  items:
  - metadata: {name: a}
  - {apiVersion: v1, kind: Pod, metadata: {name: b}}
- {apiVersion: v1, kind: List, items: []}
- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]}
- {apiVersion: example.org/v1, kind: Wrapped, items: [{apiVersion: v1, kind: Service, metadata: {name: d}}]}
)");
  EXPECT_EQ(lines(outcome.problems.errors, "error"), "");
  EXPECT_EQ(names(outcome.loaded), "Service team/a\nPod team/b\nService team/d\n");
  EXPECT_EQ(outcome.loaded.other_kinds, 1U);
}

TEST(Objects, ReadRetiredShapesOfIngress) {
  for (const char* version : {"extensions/v1beta1", "networking.k8s.io/v1beta1"}) {
    const Outcome outcome = load(std::string("apiVersion: ") + version + R"(
kind: Ingress
metadata: {name: db}
spec:
  backend: {serviceName: fallback, servicePort: 80}
  rules:
  - http:
      paths:
      - backend: {serviceName: db, servicePort: pg}
      - backend: {serviceName: db, servicePort: 012470}
)");
    const auto& targets = only<Entrance>(outcome).targets;
    ASSERT_EQ(targets.size(), 3U);
    EXPECT_EQ(targets[0].service, "fallback");
    EXPECT_EQ(targets[0].port_number, 80);
    EXPECT_EQ(targets[1].port_name, "pg");
    EXPECT_EQ(targets[2].port_number, 5432);
  }
}

TEST(Objects, ReadTodaysIngressAsItIs) {
  const Outcome outcome = load(
      "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i},"
      " spec: {defaultBackend: {service: {name: db, port: {number: 80}}}}}");
  EXPECT_EQ(only<Entrance>(outcome).targets.at(0).service, "db");
}

TEST(Objects, ReadRetiredVersionsOfWorkloads) {
  for (const char* version : {"extensions/v1beta1", "apps/v1beta1", "apps/v1beta2", "apps/v1"}) {
    const Outcome outcome =
        load(std::string("{apiVersion: ") + version +
             ", kind: Deployment, metadata: {name: d}, spec: {template: {metadata: {labels: "
             "{app: pg}}, spec: {containers: [{ports: [{containerPort: 5432}]}]}}}}");
    const auto& workload = only<Workload>(outcome);
    EXPECT_EQ(workload.api_version, "apps/v1");
    EXPECT_EQ(workload.template_labels, (Labels{{"app", "pg"}}));
    EXPECT_EQ(workload.pod.containers.at(0).ports.at(0).container_port, 5432);
  }
}

TEST(Objects, ReadDigitsInQuotesAsTheNumberAndSayIt) {
  const Outcome outcome = load(R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
  - port: 443
    targetPort: "5432"
)");
  EXPECT_EQ(only<Service>(outcome).ports.at(0).target_port, TargetPort(std::int64_t{5432}));
  EXPECT_EQ(
      lines(outcome.problems.warnings, "warning"),
      "f.yaml:7:17: warning: spec.ports[0].targetPort \"5432\" is a string of digits, which the API server "
      "refuses as a name; judged as the number 5432, so write it without quotes\n");
}

TEST(Objects, KeepNumbersThatAreNoPortsForTheJudge) {
  const Outcome outcome = load(
      "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 70968}, {port: -1}]}}");
  EXPECT_EQ(only<Service>(outcome).ports.at(0).port, 70968);
  EXPECT_EQ(only<Service>(outcome).ports.at(1).port, -1);
}

struct Wrong {
  const char* name;
  const char* text;
  const char* errors;
};

void PrintTo(const Wrong& tested, std::ostream* out) { *out << tested.name; }

class WrongObjects : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongObjects, AreErrorsWithAPlace) {
  EXPECT_EQ(lines(load(GetParam().text).problems.errors, "error"), GetParam().errors);
}

const Wrong kWrong[] = {
    {"TopLevelList", "- apiVersion: v1\n  kind: Service\n",
     "f.yaml:1:1: error: a manifest is a mapping with apiVersion and kind, but here is a list; put --- "
     "between "
     "objects, or use kind: List\n"},
    {"Text", "hello\n",
     "f.yaml:1:1: error: a manifest is a mapping with apiVersion and kind, but here is a string\n"},
    {"NoKind", "apiVersion: v1\nmetadata: {name: x}\n",
     "f.yaml:1:1: error: the object has no kind, so no API server takes it; a file that is no manifest "
     "(values.yaml) belongs outside the linted path\n"},
    {"KindIsNumber", "apiVersion: v1\nkind: 5\n",
     "f.yaml:2:7: error: kind is an integer; write a string such as Service\n"},
    {"ItemsIsMapping", "apiVersion: v1\nkind: List\nitems: {a: b}\n",
     "f.yaml:3:8: error: items is a mapping; write a list of objects\n"},
    {"NoName", "apiVersion: v1\nkind: Service\nmetadata: {}\n",
     "f.yaml:1:1: error: the Service has no metadata.name; write one\n"},
    {"Template", "apiVersion: v1\nkind: Service\nmetadata:\n  name: \"{{ .Release.Name }}\"\n",
     "f.yaml:4:9: error: a template (\"{{\") was not rendered; lint the rendered output, for example: helm "
     "template CHART | berth lint -\n"},
};

INSTANTIATE_TEST_SUITE_P(Table, WrongObjects, ::testing::ValuesIn(kWrong),
                         [](const auto& test) { return test.param.name; });

TEST(WrongFields, AreNamedByTheCodecAndFoundInTheText) {
  const Outcome outcome = load(R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
  - port: 80
  - port: "5432"
)");
  ASSERT_EQ(outcome.problems.errors.size(), 1U);
  EXPECT_EQ(outcome.problems.errors[0].mark, (Mark{7, 11}));
  EXPECT_EQ(outcome.problems.errors[0].message.find("Service: spec.ports[1].port"), 0U)
      << outcome.problems.errors[0].message;
}

TEST(Kustomizations, AreToldToBeRendered) {
  Problems problems;
  std::vector<Document> documents = read_documents("resources: [a.yaml]\n", "x/kustomization.yaml", problems);
  (void)load_objects(std::move(documents), "default", problems);
  EXPECT_EQ(
      lines(problems.errors, "error"),
      "x/kustomization.yaml:1:1: error: the object has no apiVersion, so no API server takes it; lint what "
      "it makes: kubectl kustomize DIRECTORY | berth lint -\n");
}

struct Near {
  const char* name;
  const char* text;
  const char* warnings;
};

void PrintTo(const Near& tested, std::ostream* out) { *out << tested.name; }

class NearMisses : public ::testing::TestWithParam<Near> {};

TEST_P(NearMisses, AreWarnedOf) {
  const Outcome outcome = load(GetParam().text);
  EXPECT_EQ(lines(outcome.problems.errors, "error"), "");
  EXPECT_EQ(lines(outcome.problems.warnings, "warning"), GetParam().warnings);
}

const Near kNear[] = {
    {"KindInLowerCase", "{apiVersion: v1, kind: service, metadata: {name: a}}",
     "f.yaml:1:24: warning: the API server knows no kind \"service\" in \"v1\", so it is not judged; did you "
     "mean "
     "kind \"Service\" in \"v1\"?\n"},
    {"KindInPlural", "{apiVersion: networking.k8s.io/v1, kind: Ingresses, metadata: {name: a}}",
     "f.yaml:1:42: warning: the API server knows no kind \"Ingresses\" in \"networking.k8s.io/v1\", so it is "
     "not "
     "judged; did you mean kind \"Ingress\" in \"networking.k8s.io/v1\"?\n"},
    {"WrongGroup", "{apiVersion: v1, kind: Deployment, metadata: {name: a}}",
     "f.yaml:1:24: warning: the API server knows no kind \"Deployment\" in \"v1\", so it is not judged; did "
     "you "
     "mean kind \"Deployment\" in \"apps/v1\"?\n"},
    {"SomebodyElsesService", "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}}", ""},
    {"FieldInLowerCase",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostnetwork: true\n  containers:\n  - ports:\n"
     "    - {containerPort: 80, hostport: 80}\n",
     "f.yaml:5:3: warning: the API server does not know the field \"hostnetwork\" and drops it; did you mean "
     "\"hostNetwork\"?\n"
     "f.yaml:8:27: warning: the API server does not know the field \"hostport\" and drops it; did you mean "
     "\"hostPort\"?\n"},
    {"NamesThatPeopleChoose",
     "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {Port: x}, annotations: {HOST: here}},"
     " spec: {selector: {Name: z, IP: w}}}",
     ""},
};

INSTANTIATE_TEST_SUITE_P(Table, NearMisses, ::testing::ValuesIn(kNear),
                         [](const auto& test) { return test.param.name; });

TEST(Objects, TellEveryProblemOfEveryDocument) {
  const Outcome outcome = load("a: &x 1\n---\nkind: Service\n---\n- x\n");
  EXPECT_EQ(outcome.problems.errors.size(), 3U);
}

}  // namespace
}  // namespace berth::cli
