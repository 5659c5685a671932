// csr make KEY CSR   makes a P-256 key and a request for web.internal
// csr check CSR      reads a request and checks its signature
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	if os.Args[1] == "check" {
		text, err := os.ReadFile(os.Args[2])
		must(err)
		block, _ := pem.Decode(text)
		request, err := x509.ParseCertificateRequest(block.Bytes)
		must(err)
		must(request.CheckSignature())
		fmt.Println(request.Subject.CommonName, request.DNSNames, request.IPAddresses, request.URIs)
		return
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:     pkix.Name{CommonName: "web.internal"},
		DNSNames:    []string{"web.internal"},
		IPAddresses: []net.IP{net.IPv4(10, 1, 1, 1)},
	}, key)
	must(err)
	must(os.WriteFile(os.Args[2], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o600))
}
