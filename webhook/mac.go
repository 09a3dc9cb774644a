package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// mac computes V3 signatures with one secret. It is not safe for concurrent use.
type mac struct {
	hash hash.Hash
	buf  []byte // scratch, so that strings reach the hash without an allocation
}

func newMAC(secret string) *mac {
	return &mac{hash: hmac.New(sha256.New, []byte(secret)), buf: make([]byte, 0, 256)}
}

// sum returns the signature's bytes, valid until the next call.
func (m *mac) sum(method string, uri signedURI, body []byte, timestamp string) []byte {
	m.hash.Reset()
	m.buf = append(m.buf[:0], method...)
	if uri.verbatim {
		m.buf = append(append(m.buf, uri.base...), uri.target...)
	} else {
		m.buf = appendDecoded(appendDecoded(m.buf, uri.base), uri.target)
	}
	m.hash.Write(m.buf)
	m.hash.Write(body)
	m.buf = append(m.buf[:0], timestamp...)
	m.hash.Write(m.buf)
	m.buf = m.hash.Sum(m.buf[:0])
	return m.buf
}

// macPool keeps the macs of one secret for reuse: keying an HMAC costs more than hashing a usual webhook with it.
type macPool struct {
	secret string
	macs   sync.Pool
}

func newMACPools(secrets []string) []*macPool {
	pools := make([]*macPool, len(secrets))
	for i, secret := range secrets {
		pools[i] = &macPool{secret: secret}
		pools[i].macs.New = func() any { return newMAC(secret) }
	}
	return pools
}

// mac returns a mac for secret and the pool to give it back to. A secret that was put into Secrets after NewVerifier
// has no pool, only a mac of its own.
func (v *Verifier) mac(secret string) (*mac, *macPool) {
	for _, p := range v.pools {
		if p.secret == secret {
			return p.macs.Get().(*mac), p
		}
	}
	return newMAC(secret), nil
}

func (p *macPool) put(m *mac) {
	if p != nil {
		p.macs.Put(m)
	}
}
