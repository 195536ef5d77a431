package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// policy lets the page load from here and nowhere else, and keeps what it loads from
// making markup of text (Trusted Types).
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"object-src 'none'; require-trusted-types-for 'script'"

// guard refuses what does not come from a page or program that is meant, and says
// what a browser may do with the answer. There is no CORS: no other origin can read
// anything.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if !s.config.AnyHost && !s.hostAllowed(r.Host) {
			http.Error(w, "this is not a host of mine (see sigio serve --http-host)", http.StatusForbidden)
			return
		}
		if fromElsewhere(r) {
			http.Error(w, "a page of another origin may not ask for this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostAllowed protects from DNS rebinding: a page of an attacker's site whose name
// has come to mean this machine still says that name. An address cannot be made to
// mean another one.
func (s *Server) hostAllowed(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	same := func(known string) bool { return known == "*" || strings.EqualFold(known, name) }
	return same("localhost") || slices.ContainsFunc(s.config.Hosts, same)
}

// fromElsewhere says whether a browser asks on behalf of another site's page
// (Sec-Fetch-Site, W3C Fetch Metadata). It may follow a link to the page.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
