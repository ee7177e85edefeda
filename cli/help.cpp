#include "cli/help.h"

#include <string_view>

namespace berth::cli {
namespace {

// Every "berth" at the start of a command line becomes the name the program was called by.
std::string named(std::string_view text, const std::string& program) {
  constexpr std::string_view kMark = "@";
  std::string result;
  while (true) {
    const std::size_t at = text.find(kMark);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += program;
    text.remove_prefix(at + kMark.size());
  }
}

constexpr char kMain[] = R"(Berth decides which ports a Kubernetes cluster shows to the outside.

Usage:
  @ COMMAND [flags]

Commands:
  check     see whether the API server asks the webhook, and gets an answer
  explain   show every way out that an object takes part in, and what each policy says of it and why
  export    print policies in a form that the API server keeps by itself
  lint      judge manifests as the admission webhook would, before they reach a cluster
  version   print the version
  what-if   list what a change of policies would newly deny of what stands in a cluster

Use "@ COMMAND --help" for the flags and examples of a command, and "@ --version" for the version.
)";

constexpr char kLint[] = R"(Judge manifests as the admission webhook would, before they reach a cluster.

Reads YAML and JSON exactly as kubectl does, follows every way from outside the cluster to a container port
(LoadBalancer, NodePort, externalIPs, Ingress, Gateway API, kinds of known controllers, hostPort, hostNetwork)
through all objects it is given, and asks every ExposurePolicy. Needs no cluster, but can be joined with one that is
only read (--live). Lint what is applied: the output of helm template or kubectl kustomize, not the templates.

Usage:
  @ lint [flags] PATH...

  PATH is a file, a directory (every *.yaml, *.yml and *.json beneath it), or - for the standard input.

Flags:
      --policy PATH      ExposurePolicies to judge by, besides those found in PATH; may be repeated
      --with PATH        objects known to be in the cluster: joined with PATH, not judged; may be repeated
      --against PATH     the same, and an object of PATH that also stands there is judged as its update, so that
                         only what the change adds counts; may be repeated
      --adapters FILE    table of further kinds that lead out of the cluster or make pods
      --fail-on VERDICT  deny, unknown or warn: the least that makes the command fail (default deny)
      --live             beneath all of these what stands in the cluster of the current context, its policies too;
                         as with --against only what the change adds counts
      --context NAME     the same, of the cluster of that context
      --kubeconfig FILE  the same, of the cluster that this file names
  -n, --namespace NAME   namespace of objects that name none (default that of the context, or "default")
  -o, --output FORMAT    table, json, yaml, sarif (code scanning), junit (test results) or github (annotations in
                         the log of a workflow); default table
  -h, --help             show this text

Exit codes:
  0   nothing is denied (warnings and unknowns are shown)
  1   at least one object is denied
  2   input that cannot be read, wrong usage, or no ExposurePolicy at all
  3   nothing is denied, but something is unknown or warned of that --fail-on names

Examples:
  # The manifests of a repository, by the policies kept beside them
  @ lint --policy policies/ manifests/

  # What Helm would apply to the cluster, by the policies that stand there, joined with what runs there
  helm template shop ./chart | @ lint --context prod -

  # The same where the pipeline has no way to the cluster
  kubectl get svc,deploy,sts,ing -A -o json > cluster.json
  helm template shop ./chart | @ lint --policy policies/ --with cluster.json -

  # A pull request: only what it exposes in addition is refused
  git worktree add ../base origin/main
  @ lint --policy policies/ --against ../base/manifests manifests/

  # For a program
  @ lint -o json --policy policies/ manifests/ | jq '.[] | select(.verdict == "Deny")'
)";

constexpr char kVersion[] = R"(Print the version of this program and of the API it knows.

Usage:
  @ version [flags]

Flags:
  -o, --output FORMAT    table or json (default table)
  -h, --help             show this text
)";

constexpr char kCheck[] = R"(See whether the API server asks the webhook, and gets an answer.

Asks the API server for a PodTemplate named berth-check as a dry run: nothing is written, and the webhook refuses it
whatever policies there are. That it is refused in the webhook's words shows that the webhook is registered, reached,
believed in, and has read the cluster. Needs the right to create podtemplates in the namespace.

Usage:
  @ check webhook [flags]

Flags:
  -n, --namespace NAME   a namespace that is not excluded from being judged (default "default")
      --wait DURATION    for how long to try again while it does not work, such as 2m (default 0: ask once)
      --context NAME     the cluster (default that of the current context)
      --kubeconfig FILE  the cluster that this file names
  -h, --help             show this text

Exit codes:
  0   the webhook is asked and answers
  1   it is not asked, or does not answer
  2   the cluster gives no answer, or wrong usage

Examples:
  # After an installation
  @ check webhook --wait 2m
)";

constexpr char kExport[] =
    R"(Print ExposurePolicies as ValidatingAdmissionPolicies, which the API server keeps by itself.

They refuse what one object alone shows: internal numbers of Services of type NodePort and LoadBalancer, of external
IPs, hostPort and hostNetwork. An ExposurePolicy with enforce.admissionPolicy: true has them made, checked and kept by
the operator; print them for a cluster without one, for a GitOps repository, or for files that nobody can change by
the API (--static). Exceptions that have not expired yet are left open: print them again when one does.

Usage:
  @ export admission-policy [flags] PATH...

  PATH is a file, a directory (every *.yaml, *.yml and *.json beneath it), or - for the standard input.

Flags:
      --static                   for the manifest directory of the API server (alpha in Kubernetes 1.36): names end in
                                 .static.k8s.io
      --exclude-namespaces LIST  namespaces that are let alone (default
                                 kube-system,kube-node-lease,kube-public,berth-system)
      --operator-user USER       whose Services are let alone (default
                                 system:serviceaccount:berth-system:berth-operator)
  -o, --output FORMAT            yaml or json (default yaml)
  -h, --help                     show this text

Examples:
  # A cluster without the operator
  @ export admission-policy policies/ | kubectl apply --server-side -f -

  # A wall that stands before the first request, and that no user of the API can take down. The API server reads its
  # folder at once, and an empty file as a wall of nothing: so the file is replaced as a whole.
  cd /etc/kubernetes/admission/policies
  @ export admission-policy --static ~/policies/ > berth.yaml.new && mv berth.yaml.new berth.yaml
)";

constexpr char kExplain[] =
    R"(Show every way out that an object takes part in, and what each policy says of it and why.

Also where a way is allowed: by which line of which policy, which exception, which PortAllocation.

Usage:
  @ explain [flags] PATH...
  @ explain [flags] KIND/NAME...
  @ explain --rule ID
  @ explain --exception

  PATH is as for lint. KIND/NAME is an object of the cluster of the current context, as kubectl knows it: svc/web,
  deployment/pg, ingress/shop.

Flags:
      --policy PATH      ExposurePolicies to ask, besides those found in PATH; may be repeated
      --with PATH        objects known to be in the cluster; may be repeated
      --against PATH     the same
      --adapters FILE    table of further kinds that lead out of the cluster or make pods
      --live             beneath all of these what stands in the cluster of the current context
      --context NAME     the same, of the cluster of that context
      --kubeconfig FILE  the same, of the cluster that this file names
  -n, --namespace NAME   namespace of objects that name none (default that of the context, or "default")
      --rule ID          what a rule is about, by the id that reports have
      --exception        how to ask for an exception from an ExposurePolicy
  -o, --output FORMAT    table, json or yaml (default table)
  -h, --help             show this text

Exit codes: 0, also where something is denied; 2 for input that cannot be read.

Examples:
  # How does anybody reach this Service, and who says that this is all right?
  @ explain -n data svc/web

  # Before anything is applied
  @ explain --policy policies/ manifests/

  @ explain --rule undeclared-port
)";

constexpr char kWhatIf[] = R"(List what a change of policies would newly deny of what stands in a cluster.

The ways out that stand are judged twice: by the policies of the cluster, and by these in the place of those of the
same name. What stands keeps running either way; what is told here would be refused when it is made again, or when
it opens its way anew.

Usage:
  @ what-if [flags] -f POLICY

Flags:
  -f, --file PATH                the ExposurePolicies as they would be; may be repeated
      --context NAME             the cluster (default that of the current context)
      --kubeconfig FILE          the cluster that this file names
      --with PATH                in place of a cluster: files with all that stands, policies too; may be repeated
      --live                     the cluster of the current context besides --with
      --adapters FILE            table of further kinds that lead out of the cluster or make pods
      --exclude-namespaces LIST  namespaces that are let alone (default
                                 kube-system,kube-node-lease,kube-public,berth-system)
  -o, --output FORMAT            table, json or yaml (default table)
  -h, --help                     show this text

Exit codes:
  0   nothing would newly be denied
  1   something would
  2   input that cannot be read, or a cluster that cannot be

Examples:
  @ what-if -f policies/control-plane.yaml

  # In a pull request that changes policies
  @ what-if --context prod -f policies/ -o json | jq '.[] | select(.verdict == "Deny") | .object'
)";

constexpr char kException[] =
    R"(An exception lets one port of one workload out, by the ways it names, until it expires.

Whoever owns the ExposurePolicy that the denial names adds it to spec.exceptions:

  exceptions:
    - namespace: data
      workload: {kind: StatefulSet, name: pg}   # the workload at the end of the path in the denial
      port: 5432                                # the internal number
      protocol: TCP                             # default
      via: [LoadBalancer]                       # the ways it holds for, as the denial's path begins
      owner: dba@example.org                    # who answers for it
      reason: "migration 4711"
      expiresAt: "2027-01-31T00:00:00Z"         # from then on the port is refused again

kubectl explain exposurepolicy.spec.exceptions describes every field.
)";

}  // namespace

std::string explain_help(const std::string& program) { return named(kExplain, program); }
std::string export_help(const std::string& program) { return named(kExport, program); }
std::string exception_text() { return kException; }
std::string what_if_help(const std::string& program) { return named(kWhatIf, program); }
std::string main_help(const std::string& program) { return named(kMain, program); }
std::string check_help(const std::string& program) { return named(kCheck, program); }
std::string lint_help(const std::string& program) { return named(kLint, program); }
std::string version_help(const std::string& program) { return named(kVersion, program); }

}  // namespace berth::cli
