package rights

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Grant is one verb on one resource, or on one object of it, that a role gives to an account.
type Grant struct {
	User      string // system:serviceaccount:NAMESPACE:NAME
	Verb      string
	Group     string
	Resource  string // with its subresource
	Name      string // of the only object it is for; "" for all
	Namespace string // in which it holds; "" for all
	URL       string // instead of a resource
}

func (g Grant) String() string {
	what := g.URL
	if what == "" {
		what = strings.TrimSuffix(g.Resource+"."+g.Group, ".")
	}
	if g.Name != "" {
		what += " " + g.Name
	}
	if g.Namespace != "" {
		what += " in " + g.Namespace
	}
	return fmt.Sprintf("%s: %s %s", g.User[strings.LastIndexByte(g.User, ':')+1:], g.Verb, what)
}

// covers tells whether the grant permits what was asked.
func (g Grant) covers(use cluster.Use) bool {
	return g.User == use.User && g.Verb == use.Verb && g.Group == use.Group && g.Resource == use.Resource &&
		g.URL == use.URL && (g.Namespace == "" || g.Namespace == use.Namespace) &&
		// A list and a watch of one object name it, too; a create does not, as far as RBAC knows.
		(g.Name == "" || g.Name == use.Name)
}

// Granted reads roles and their bindings. Other objects are left out. Errors: a rule with a wildcard, a binding to a role
// that is not there.
func Granted(objects []*unstructured.Unstructured) ([]Grant, error) {
	roles := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		if object.GetKind() == "ClusterRole" || object.GetKind() == "Role" {
			roles[object.GetKind()+" "+object.GetName()] = object
		}
	}
	var grants []Grant
	for _, binding := range objects {
		if binding.GetKind() != "ClusterRoleBinding" && binding.GetKind() != "RoleBinding" {
			continue
		}
		name := kube.Text(binding, "roleRef.kind") + " " + kube.Text(binding, "roleRef.name")
		role := roles[name]
		if role == nil {
			return nil, fmt.Errorf("%s: %s is not there", kube.Name(binding), name)
		}
		subjects, _, err := unstructured.NestedSlice(binding.Object, "subjects")
		if err != nil {
			return nil, err
		}
		for _, item := range subjects {
			subject := item.(map[string]any)
			user := fmt.Sprintf("system:serviceaccount:%s:%s", subject["namespace"], subject["name"])
			found, err := grantsOf(role, user, binding.GetNamespace())
			if err != nil {
				return nil, err
			}
			grants = append(grants, found...)
		}
	}
	return grants, nil
}

func grantsOf(role *unstructured.Unstructured, user, namespace string) ([]Grant, error) {
	var grants []Grant
	rules, _, err := unstructured.NestedSlice(role.Object, "rules")
	if err != nil {
		return nil, err
	}
	for i, item := range rules {
		rule := item.(map[string]any)
		texts := func(key string) []string {
			list, _, _ := unstructured.NestedStringSlice(rule, key)
			return list
		}
		names := texts("resourceNames")
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range texts("verbs") {
			for _, url := range texts("nonResourceURLs") {
				grants = append(grants, Grant{User: user, Verb: verb, URL: url})
			}
			for _, group := range texts("apiGroups") {
				for _, resource := range texts("resources") {
					if verb == "*" || group == "*" || resource == "*" {
						return nil, fmt.Errorf("%s: rules[%d] has a wildcard: name what is used", kube.Name(role), i)
					}
					for _, name := range names {
						grants = append(grants, Grant{User: user, Verb: verb, Group: group, Resource: resource, Name: name, Namespace: namespace})
					}
				}
			}
		}
	}
	return grants, nil
}

// Unseen are rights that are needed, and of which an audit log of these tests tells nothing. With the reason.
var Unseen = map[string]string{
	"berth-operator: get configmaps":                                                     "when one of the name was made a moment before",
	"berth-operator: update portallocations/finalizers.berth.dev":                        "asked by the admission plugin OwnerReferencesPermissionEnforcement, where it is on",
	"berth-operator: get portranges.berth.dev":                                           "after a conflict of two writers of a status",
	"berth-operator: get exposurepolicies.berth.dev":                                     "after a conflict of two writers of a status",
	"berth-operator: patch events.events.k8s.io":                                         "for what happens again within some minutes",
	"berth-operator: get validatingadmissionpolicybindings.admissionregistration.k8s.io": "when somebody has taken Berth's label off one",
	"berth-webhook: patch events.events.k8s.io":                                          "for what happens again within some minutes",
	"berth-webhook: get tiers.projectcalico.org":                                         "asked by Calico's own API server",

	"berth-webhook: list tier.networkpolicies.projectcalico.org":        "asked by Calico's own API server",
	"berth-webhook: watch tier.networkpolicies.projectcalico.org":       "asked by Calico's own API server",
	"berth-webhook: list tier.globalnetworkpolicies.projectcalico.org":  "asked by Calico's own API server",
	"berth-webhook: watch tier.globalnetworkpolicies.projectcalico.org": "asked by Calico's own API server",
	"berth-webhook: watch xlistenersets.gateway.networking.x-k8s.io":    "where that kind is installed: no test does",
	"berth-webhook: create validatingwebhookconfigurations.admissionregistration.k8s.io": "asked by the API server when it makes " +
		"what is applied, besides the right to patch",
}

// Unused are the grants that cover none of the uses, sorted.
func Unused(grants []Grant, uses []cluster.Use) []Grant {
	unused := slices.DeleteFunc(slices.Clone(grants), func(grant Grant) bool {
		return slices.ContainsFunc(uses, grant.covers)
	})
	slices.SortFunc(unused, func(a, b Grant) int { return strings.Compare(a.String(), b.String()) })
	return unused
}

// Refused are the uses of the accounts that have grants, and that were forbidden for want of one. What a grant covers may be
// forbidden, too, by an API server that has just started and has not read the roles.
func Refused(grants []Grant, uses []cluster.Use) []cluster.Use {
	return slices.DeleteFunc(slices.Clone(uses), func(use cluster.Use) bool {
		isOurs := slices.ContainsFunc(grants, func(grant Grant) bool { return grant.User == use.User })
		isCovered := slices.ContainsFunc(grants, func(grant Grant) bool { return grant.covers(use) })
		return !use.IsForbidden || !isOurs || isCovered
	})
}

// ReadUses reads what the packages have left in a folder.
func ReadUses(folder string) ([]cluster.Use, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	var uses []cluster.Use
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var use cluster.Use
			if err := json.Unmarshal(lines.Bytes(), &use); err != nil {
				file.Close()
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			uses = append(uses, use)
		}
		file.Close()
	}
	return uses, nil
}
