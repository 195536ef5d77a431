package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/nats-io/nats.go"
)

// Dial connects to one of the servers, once: a connection that breaks is not mended, because what
// the client's library would send again by itself could overtake what failed. Files are read each
// time. An error names the option that it comes from, as in "ca=FILE".
func Dial(o Options) (*nats.Conn, error) {
	o = o.complete()
	options := []nats.Option{
		nats.Name("sigio"),
		nats.NoReconnect(),
		nats.Timeout(o.Timeout),
		nats.FlusherTimeout(o.Timeout),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // the library's own prints
	}
	for _, proof := range []struct {
		option, file string
		read         func(file string) (nats.Option, error)
	}{
		{"login", o.Login, readLogin},
		{"nkey", o.NKey, nats.NkeyOptionFromSeed},
		{"creds", o.Credentials, readCredentials},
		{"ca", o.CA, func(file string) (nats.Option, error) { return checked(nats.RootCAs(file)) }},
		{"cert", o.Cert, func(file string) (nats.Option, error) { return checked(nats.ClientCert(file, o.Key)) }},
	} {
		if proof.file == "" {
			continue
		}
		option, err := proof.read(proof.file)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", proof.option, proof.file, bare(err))
		}
		options = append(options, option)
	}
	conn, err := nats.Connect(o.Servers, options...)
	if err != nil {
		return nil, o.explain(err)
	}
	return conn, nil
}

// checked returns an option that reads a file, or why that cannot be.
func checked(option nats.Option) (nats.Option, error) {
	var scratch nats.Options
	return option, option(&scratch)
}

// bare is an error without the name of the file, which is said already.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func readLogin(file string) (nats.Option, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return nil, errors.New("it is empty: want user:password, or a token")
	}
	if user, password, both := strings.Cut(text, ":"); both {
		return nats.UserInfo(user, password), nil
	}
	return nats.Token(text), nil
}

// readCredentials looks whether a file is what the client's library will read at each connection.
func readCredentials(file string) (nats.Option, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, part := range []string{"NATS USER JWT", "USER NKEY SEED"} {
		if !strings.Contains(string(content), "BEGIN "+part) {
			return nil, fmt.Errorf("there is no %s in it: want a .creds file", part)
		}
	}
	return nats.UserCredentials(file), nil
}

// explain says which option is to blame when a server does not let us in.
func (o Options) explain(err error) error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		plain     tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		errors.Is(err, nats.ErrAccountAuthExpired):
		return fmt.Errorf("%s: %w", o.refused(), err)
	case errors.Is(err, nats.ErrNkeysNotSupported):
		return fmt.Errorf("nkey=%s or creds=%s: the server knows no keys: %w", o.NKey, o.Credentials, err)
	case errors.As(err, &authority) && o.CA == "":
		return fmt.Errorf("no authority that this machine knows has signed the server's certificate: name the right one with ca: %w", err)
	case errors.As(err, &authority):
		return fmt.Errorf("ca=%s has not signed the server's certificate: %w", o.CA, err)
	case errors.As(err, &name), errors.As(err, &invalid):
		return fmt.Errorf("the server's certificate: %w", err)
	case turnedAway(err) && o.Cert == "":
		return fmt.Errorf("the server wants a certificate: name one with cert and key: %w", err)
	case turnedAway(err):
		return fmt.Errorf("the server does not accept cert=%s: %w", o.Cert, err)
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &plain):
		return fmt.Errorf("the server has no TLS, which tls, ca or cert ask for: %w", err)
	}
	return err
}

// turnedAway says whether the server ended TLS because of our certificate. With luck it is still heard
// to say so (crypto/tls calls that a remote error).
func turnedAway(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "remote error" ||
		errors.Is(err, nats.ErrTLS) && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF))
}

// refused is what a server that refuses us means.
func (o Options) refused() string {
	switch {
	case o.Credentials != "":
		return fmt.Sprintf("the server refuses the credentials in creds=%s", o.Credentials)
	case o.NKey != "":
		return fmt.Sprintf("the server refuses the key in nkey=%s", o.NKey)
	case o.Login != "":
		return fmt.Sprintf("the server refuses what is in login=%s", o.Login)
	}
	return "the server wants to know who we are: name a file with login, nkey or creds"
}

// Why returns the reason for an error of conn. A server does not answer a request that it does not
// allow, but says so beside.
func Why(conn *nats.Conn, err error) error {
	if last := conn.LastError(); err != nil && errors.Is(last, nats.ErrPermissionViolation) {
		return last
	}
	return err
}
