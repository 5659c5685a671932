// Go's crypto/x509 reads CRLs and checks their signatures.
//
// usage: crl [CRL CA]...
//
// Prints one line of JSON per CRL: what crl_readers.rs says.
package main

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"
)

type crl struct {
	Number     *big.Int         `json:"number"`
	ThisUpdate time.Time        `json:"this_update"`
	NextUpdate time.Time        `json:"next_update"`
	Entries    map[string]entry `json:"entries"`
}

type entry struct {
	At             time.Time  `json:"at"`
	Reason         *string    `json:"reason"`
	InvalidityDate *time.Time `json:"invalidity_date"`
}

// RFC 5280 5.3.1: the numbers are what is on the wire.
var reasons = map[asn1.Enumerated]string{
	1: "key-compromise", 2: "ca-compromise", 3: "affiliation-changed", 4: "superseded", 5: "cessation-of-operation",
	6: "certificate-hold", 8: "remove-from-crl", 9: "privilege-withdrawn", 10: "aa-compromise",
}

var (
	reasonCode     = asn1.ObjectIdentifier{2, 5, 29, 21}
	invalidityDate = asn1.ObjectIdentifier{2, 5, 29, 24}
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// DER as it is, or the first block of PEM.
func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	must(err)
	if block, _ := pem.Decode(bytes); block != nil {
		return block.Bytes
	}
	return bytes
}

func main() {
	for rest := os.Args[1:]; len(rest) >= 2; rest = rest[2:] {
		authority, err := x509.ParseCertificate(read(rest[1]))
		must(err)
		list, err := x509.ParseRevocationList(read(rest[0]))
		must(err)
		must(list.CheckSignatureFrom(authority))
		seen := crl{list.Number, list.ThisUpdate, list.NextUpdate, map[string]entry{}}
		for _, revoked := range list.RevokedCertificates {
			one := entry{At: revoked.RevocationTime}
			for _, extension := range revoked.Extensions {
				switch {
				case extension.Id.Equal(reasonCode):
					var code asn1.Enumerated
					unmarshal(extension.Value, &code)
					reason := reasons[code]
					one.Reason = &reason
				case extension.Id.Equal(invalidityDate):
					one.InvalidityDate = new(time.Time)
					unmarshal(extension.Value, one.InvalidityDate)
				}
			}
			serial := revoked.SerialNumber.Text(16)
			if _, twice := seen.Entries[serial]; twice {
				must(fmt.Errorf("the serial %s stands there twice", serial))
			}
			seen.Entries[serial] = one
		}
		must(json.NewEncoder(os.Stdout).Encode(seen))
	}
}

func unmarshal(der []byte, into any) {
	rest, err := asn1.Unmarshal(der, into)
	must(err)
	if len(rest) > 0 {
		must(fmt.Errorf("%d octets too many", len(rest)))
	}
}
