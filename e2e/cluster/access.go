package cluster

import (
	"context"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// AdminConfig returns access to the first API server with every right (system:masters). Like all configs
// made here it has no limit of requests per second: it is for tests to say how fast they are.
func (c *Cluster) AdminConfig() *rest.Config { return c.certificateConfig("admin") }

// Kubeconfig returns the path of the admin's kubeconfig, which Start writes.
func (c *Cluster) Kubeconfig() string { return c.path("kubeconfig") }

// UserConfig returns access as a user with a name and groups, by a certificate. What the user may do is for
// the caller to grant (RBAC).
func (c *Cluster) UserConfig(name string, groups ...string) (*rest.Config, error) {
	ca, err := readAuthority(c.path("pki"), pkiCA)
	if err != nil {
		return nil, err
	}
	cert, key, err := ca.sign(leaf{name: name, groups: groups})
	if err != nil {
		return nil, err
	}
	config := c.baseConfig()
	config.CertData, config.KeyData = cert, key
	return config, nil
}

// ServiceAccountConfig returns access as a service account, by a token of one day. The account is created
// if it is not there; the namespace must exist.
func (c *Cluster) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		return nil, err
	}
	token, err := ServiceAccountToken(ctx, client, namespace, name)
	if err != nil {
		return nil, err
	}
	config := c.baseConfig()
	config.BearerToken = token
	return config, nil
}

// ServiceAccountToken creates the account if it is not there, and returns a token of one day for it.
func ServiceAccountToken(ctx context.Context, client kubernetes.Interface, namespace, name string) (string, error) {
	accounts := client.CoreV1().ServiceAccounts(namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	if _, err := accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("create service account %s/%s: %w", namespace, name, err)
	}
	day := int64(24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &day}}
	answer, err := accounts.CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of service account %s/%s: %w", namespace, name, err)
	}
	return answer.Status.Token, nil
}

// WriteKubeconfig writes a file for kubectl, or for a program under test, that gives the access of config.
// Certificates are put into the file, so that it can be moved.
func WriteKubeconfig(path string, config *rest.Config) error {
	inline := rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(inline); err != nil {
		return err
	}
	const name = "berth"
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{Server: inline.Host, CertificateAuthorityData: inline.CAData}
	file.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: inline.CertData,
		ClientKeyData:         inline.KeyData,
		Token:                 inline.BearerToken,
	}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	file.CurrentContext = name
	text, err := clientcmd.Write(*file)
	if err != nil {
		return err
	}
	// By a rename: a program that reads it while it is written anew sees the old one or the new one.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (c *Cluster) baseConfig() *rest.Config {
	return &rest.Config{
		Host:            c.APIServer.URL,
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.path("pki/" + pkiCA + ".crt")},
		QPS:             -1,
	}
}

// certificateConfig is for the users for whom writePKI has made a certificate.
func (c *Cluster) certificateConfig(name string) *rest.Config {
	config := c.baseConfig()
	config.CertFile = c.path("pki/" + name + ".crt")
	config.KeyFile = c.path("pki/" + name + ".key")
	return config
}

// hasDefaultServiceAccount tells whether namespace "default" is complete: its service account is made by
// the controller manager, so this is at the same time a sign of life of that one.
func (c *Cluster) hasDefaultServiceAccount(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		return err
	}
	_, err = client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}
