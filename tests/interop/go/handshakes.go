// TLS handshakes over the loopback address, judged by Go's crypto/tls and crypto/x509.
//
// usage: handshakes SERVER-FOLDER ROOTS CRLS [NAME CLIENT-FOLDER ROOTS HOST]...
//
// Prints one line per handshake: what handshakes.rs says. Go leaves CRLs to the program, so it checks them here: each
// certificate below the root needs a current CRL that its issuer signed.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const timeLimit = 10 * time.Second

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 || len(os.Args)%4 != 0 {
		log.Fatal("wrong number of arguments")
	}
	crls := readCRLs(os.Args[3])
	server := configuration(os.Args[1], os.Args[2], crls)
	server.ClientAuth = tls.RequireAndVerifyClientCert

	for rest := os.Args[4:]; len(rest) > 0; rest = rest[4:] {
		client := configuration(rest[1], rest[2], crls)
		client.ServerName = rest[3]
		clientError, serverError := handshake(server, client)
		if clientError == nil && serverError == nil {
			fmt.Println(rest[0], "accepted")
		} else {
			words := fmt.Sprintf("client: %v; server: %v", clientError, serverError)
			fmt.Println(rest[0], "refused:", strings.ReplaceAll(words, "\n", " "))
		}
	}
}

func configuration(folder, rootsFile string, crls []*x509.RevocationList) *tls.Config {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(rootsFile)) {
		log.Fatalf("no certificate in %s", rootsFile)
	}
	made := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    roots,
		ClientCAs:  roots,
		VerifyConnection: func(state tls.ConnectionState) error {
			return checkRevocation(state.VerifiedChains, crls)
		},
	}
	if folder != "-" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "key.pem"))
		if err != nil {
			log.Fatal(err)
		}
		// Certificates alone would hold one back whose issuer the server does not ask for.
		made.Certificates = []tls.Certificate{pair}
		made.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &pair, nil
		}
	}
	return made
}

// checkRevocation accepts if one of the chains is good, as the verifier that built them does.
func checkRevocation(chains [][]*x509.Certificate, crls []*x509.RevocationList) error {
	err := errors.New("no verified chain")
	for _, chain := range chains {
		err = nil
		for i := 0; i+1 < len(chain) && err == nil; i++ {
			err = checkCertificate(chain[i], chain[i+1], crls)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

func checkCertificate(certificate, issuer *x509.Certificate, crls []*x509.RevocationList) error {
	now := time.Now()
	for _, crl := range crls {
		if crl.CheckSignatureFrom(issuer) != nil || now.Before(crl.ThisUpdate) || now.After(crl.NextUpdate) {
			continue
		}
		for _, revoked := range crl.RevokedCertificates {
			if revoked.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				return fmt.Errorf("revoked by %s", issuer.Subject)
			}
		}
		return nil
	}
	return fmt.Errorf("no current CRL of %s", issuer.Subject)
}

func handshake(server, client *tls.Config) (clientError, serverError error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()

	served := make(chan error, 1)
	go func() { served <- serveOne(listener, server) }()
	clientError = greet(listener.Addr().String(), client)
	select {
	case serverError = <-served:
	case <-time.After(timeLimit):
		log.Fatal("the server hangs")
	}
	return clientError, serverError
}

func serveOne(listener net.Listener, configuration *tls.Config) error {
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	secured := tls.Server(connection, configuration)
	defer secured.Close()
	if err := secured.SetDeadline(time.Now().Add(timeLimit)); err != nil {
		return err
	}
	if _, err := secured.Write([]byte("hello")); err != nil {
		return err
	}
	return nil
}

func greet(address string, configuration *tls.Config) error {
	connection, err := net.DialTimeout("tcp", address, timeLimit)
	if err != nil {
		return err
	}
	secured := tls.Client(connection, configuration)
	defer secured.Close()
	if err := secured.SetDeadline(time.Now().Add(timeLimit)); err != nil {
		return err
	}
	greeting, err := io.ReadAll(io.LimitReader(secured, 5))
	if err == nil && string(greeting) != "hello" {
		err = errors.New("no greeting")
	}
	return err
}

func readCRLs(path string) []*x509.RevocationList {
	var crls []*x509.RevocationList
	for block, rest := pem.Decode(read(path)); block != nil; block, rest = pem.Decode(rest) {
		crl, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			log.Fatal(err)
		}
		crls = append(crls, crl)
	}
	return crls
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}
