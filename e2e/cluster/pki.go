package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The certificates of one control plane. Two authorities: "ca" signs the API server and its users,
// "front-proxy-ca" signs those who may speak in the name of others (aggregation). The controller manager
// complains for ever without the second one, although nothing here uses it.
//
// service-account.key signs the tokens of service accounts; the API server takes the public half from it.
const (
	pkiCA         = "ca"
	pkiFrontProxy = "front-proxy-ca"
)

// authority is a certificate that signs others, with its key.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// writePKI creates everything the processes read, as NAME.crt and NAME.key in dir. Files of an earlier
// start are kept: kubeconfigs handed out stay good.
func writePKI(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "complete")); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := writeAuthority(dir, pkiCA, "berth-e2e")
	if err != nil {
		return err
	}
	proxy, err := writeAuthority(dir, pkiFrontProxy, "berth-e2e-front-proxy")
	if err != nil {
		return err
	}
	leaves := []struct {
		name   string
		signer authority
		leaf   leaf
	}{
		{"kube-apiserver", ca, leaf{name: "kube-apiserver", server: true}},
		{"front-proxy-client", proxy, leaf{name: "front-proxy-client"}},
		{"admin", ca, leaf{name: "berth-e2e-admin", groups: []string{"system:masters"}}},
		{"kube-controller-manager", ca, leaf{name: "system:kube-controller-manager"}},
	}
	for _, l := range leaves {
		cert, key, err := l.signer.sign(l.leaf)
		if err != nil {
			return err
		}
		if err := writePair(dir, l.name, cert, key); err != nil {
			return err
		}
	}
	_, key, err := newKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "service-account.key"), key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "complete"), nil, 0o600)
}

// leaf says whom a certificate is for.
type leaf struct {
	name   string   // user name, or the name of the server
	groups []string // groups of the user
	server bool     // serves on loopback; otherwise a client
}

// sign makes a certificate of one year and its key, both as PEM.
func (a authority) sign(l leaf) (certPEM, keyPEM []byte, err error) {
	signer, keyPEM, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	template := newTemplate(l.name)
	template.Subject.Organization = l.groups
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if l.server {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local"}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, signer.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM, nil
}

func writeAuthority(dir, name, commonName string) (authority, error) {
	signer, keyPEM, err := newKey()
	if err != nil {
		return authority{}, err
	}
	template := newTemplate(commonName)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return authority{cert, signer}, writePair(dir, name, certPEM, keyPEM)
}

// readAuthority reads back what writeAuthority wrote.
func readAuthority(dir, name string) (authority, error) {
	var der [2][]byte
	for i, file := range []string{name + ".crt", name + ".key"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return authority{}, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return authority{}, fmt.Errorf("%s/%s holds no PEM block", dir, file)
		}
		der[i] = block.Bytes
	}
	cert, err := x509.ParseCertificate(der[0])
	if err != nil {
		return authority{}, err
	}
	key, err := x509.ParseECPrivateKey(der[1])
	if err != nil {
		return authority{}, err
	}
	return authority{cert, key}, nil
}

func writePair(dir, name string, cert, key []byte) error {
	if err := os.WriteFile(filepath.Join(dir, name+".crt"), cert, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".key"), key, 0o600)
}

func newKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func newTemplate(commonName string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
}
