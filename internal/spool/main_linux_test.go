package spool_test

import (
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
)

func TestMain(m *testing.M) {
	sigtest.AtATime(8)
	m.Run()
}
