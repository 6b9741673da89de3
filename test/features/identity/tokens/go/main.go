// Judges tokens as golang-jwt does, and mints some: the other side of test/features/identity/tokens.
//
// First line of standard input: the settings, with the private keys as PEM by their ids. Then a question on each line; an answer on each line of
// standard output, in the same order.
package main

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type settings struct {
	Issuer   string            `json:"issuer"`
	Audience []string          `json:"audience"`
	Methods  []string          `json:"methods"`
	Leeway   int               `json:"leeway"`
	Now      int64             `json:"now"`
	Keys     map[string]string `json:"keys"`
}

// Either a token to judge, or what to mint.
type question struct {
	Token  string         `json:"token"`
	Kid    string         `json:"kid"`
	Method string         `json:"method"`
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	var known settings
	if err := json.Unmarshal(lines.Bytes(), &known); err != nil {
		panic(err)
	}
	keys := map[string]crypto.Signer{}
	for id, text := range known.Keys {
		block, _ := pem.Decode([]byte(text))
		keys[id] = must(x509.ParsePKCS8PrivateKey(block.Bytes)).(crypto.Signer)
	}
	jwt.TimePrecision = time.Millisecond // it leaves out fractions otherwise
	parser := jwt.NewParser(
		jwt.WithIssuer(known.Issuer),
		jwt.WithAudience(known.Audience...),
		jwt.WithValidMethods(known.Methods),
		jwt.WithLeeway(time.Duration(known.Leeway)*time.Second),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return time.Unix(known.Now, 0) }),
	)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		answer := ""
		if asked.Method == "" {
			answer = judged(parser, keys, asked.Token)
		} else {
			token := jwt.NewWithClaims(jwt.GetSigningMethod(asked.Method), jwt.MapClaims(asked.Claims))
			for name, value := range asked.Header {
				token.Header[name] = value
			}
			token.Header["kid"] = asked.Kid
			answer = must(token.SignedString(keys[asked.Kid]))
		}
		fmt.Fprintln(out, string(must(json.Marshal(answer))))
	}
}

// "ok", or why not.
func judged(parser *jwt.Parser, keys map[string]crypto.Signer, text string) string {
	_, err := parser.Parse(text, func(token *jwt.Token) (any, error) {
		id, _ := token.Header["kid"].(string)
		key, known := keys[id]
		if !known {
			return nil, fmt.Errorf("unknown key")
		}
		return key.Public(), nil
	})
	if err != nil {
		return err.Error()
	}
	return "ok"
}
