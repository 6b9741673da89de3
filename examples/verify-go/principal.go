// Package principal verifies who calls a service, as a BFF of protobff says it by `identify: SIGNED` in the header
// x-principal-signed-bin. It needs nothing but the standard library; copy it.
package principal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Header is the name of the header, or of the gRPC metadata key. gRPC libraries decode "-bin" keys: give their bytes to VerifyBytes.
const Header = "x-principal-signed-bin"

const (
	context  = "bff.v1.SignedPrincipal\n" // in front of what is signed
	mostText = 16 << 10                   // characters of a header
	skew     = 5 * time.Second            // how far two clocks may be apart
)

// ErrUnknownKey is what Keys return for an id that the issuer does not publish.
var ErrUnknownKey = errors.New("signed with an unknown key")

// Keys finds the issuer's public key of an id. Any other error than ErrUnknownKey means that nobody can tell now.
type Keys interface {
	Find(id string) (ed25519.PublicKey, error)
}

// Verifier says what is expected.
type Verifier struct {
	Issuer   string   // the BFF's BFF_IDENTITY_ISSUER
	Audience []string // full names of the services that are served
	Type     string   // full name of the principal's message
	Keys     Keys
	Now      func() time.Time // time.Now where it is nil
}

// Caller is who calls: unmarshal Principal into the message of that type.
type Caller struct {
	Source    string
	Principal []byte
	Expires   time.Time
}

// Verify judges the header's value as it comes in HTTP: base64, with or without padding.
func (v Verifier) Verify(header string) (Caller, error) {
	// Go's base64 skips line breaks: a header has one spelling.
	if header == "" || len(header) > mostText || strings.ContainsAny(header, "\r\n") {
		return Caller{}, errors.New("no assertion")
	}
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(header, "=") {
		encoding = base64.StdEncoding
	}
	bytes, err := encoding.Strict().DecodeString(header)
	if err != nil {
		return Caller{}, errors.New("no assertion")
	}
	return v.VerifyBytes(bytes)
}

// VerifyBytes judges a bff.v1.SignedPrincipal.
func (v Verifier) VerifyBytes(bytes []byte) (Caller, error) {
	if len(bytes) > mostText {
		return Caller{}, errors.New("no assertion")
	}
	var signed struct{ assertion, signature, keyID []byte }
	if err := read(bytes, func(field uint64, _ uint64, value []byte) {
		switch field {
		case 1:
			signed.assertion = value
		case 2:
			signed.signature = value
		case 3:
			signed.keyID = value
		}
	}); err != nil {
		return Caller{}, err
	}
	var issuer, audience, source, kind, principal []byte
	var issued, expires int64
	if err := read(signed.assertion, func(field uint64, number uint64, value []byte) {
		switch field {
		case 1:
			issuer = value
		case 2:
			audience = value
		case 3:
			issued = int64(number)
		case 4:
			expires = int64(number)
		case 5:
			source = value
		case 6:
			kind = value
		case 7:
			principal = value
		}
	}); err != nil {
		return Caller{}, err
	}
	// What is refused anyway makes nobody fetch keys.
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	switch at := now(); {
	case string(issuer) != v.Issuer:
		return Caller{}, errors.New("of another issuer")
	case !slices.Contains(v.Audience, string(audience)):
		return Caller{}, errors.New("for another audience")
	case issued > at.Add(skew).Unix():
		return Caller{}, errors.New("does not count yet")
	case expires <= at.Add(-skew).Unix():
		return Caller{}, errors.New("expired")
	case string(kind) != v.Type:
		return Caller{}, fmt.Errorf("holds %q", kind)
	}
	key, err := v.Keys.Find(string(signed.keyID))
	if err != nil {
		return Caller{}, err
	}
	if len(signed.signature) != ed25519.SignatureSize ||
		!ed25519.Verify(key, append([]byte(context), signed.assertion...), signed.signature) {
		return Caller{}, errors.New("not what its issuer has signed")
	}
	return Caller{Source: string(source), Principal: principal, Expires: time.Unix(expires, 0)}, nil
}
