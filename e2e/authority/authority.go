// Package authority is somebody who makes certificates for others, as cert-manager or the platform's own PKI does.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// An Authority signs certificates of servers.
type Authority struct {
	Certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New makes an authority that is believed in for an hour; the test ends where none can be made.
func New(t testing.TB) *Authority {
	t.Helper()
	template := validForAnHour("somebody else")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key, certificate, err := sign(template, template, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Authority{certificate, key}
}

// Files are those of a Secret of type kubernetes.io/tls: a certificate, its key, and who is to be believed for it.
type Files map[string][]byte

// Serve returns a new certificate and key for a server of these names and addresses.
func (a *Authority) Serve(names []string, addresses ...net.IP) (Files, error) {
	template := validForAnHour("webhook")
	template.DNSNames, template.IPAddresses = names, addresses
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key, leaf, err := sign(template, a.Certificate, a.key)
	if err != nil {
		return nil, err
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return Files{"tls.crt": encoded(leaf.Raw, "CERTIFICATE"), "tls.key": encoded(text, "PRIVATE KEY"), "ca.crt": a.PEM()}, nil
}

// PEM is the certificate of the authority itself.
func (a *Authority) PEM() []byte { return encoded(a.Certificate.Raw, "CERTIFICATE") }

func validForAnHour(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
}

// sign makes a key and the certificate of it; nil: it signs itself.
func sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return key, certificate, err
}

func encoded(der []byte, kind string) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
