//go:build !linux

package sys

import "errors"

// See socket_other.go.

func Listen(int, int) error                             { return errors.ErrUnsupported }
func BindUnix(int, string) error                        { return errors.ErrUnsupported }
func LocalName(int) (string, error)                     { return "", errors.ErrUnsupported }
func PeerName(int) (string, error)                      { return "", errors.ErrUnsupported }
func RecvFromUnix(int, []byte) (int, string, error)     { return 0, "", errors.ErrUnsupported }
func SendToUnix(int, []byte, string) (int, error)       { return 0, errors.ErrUnsupported }
func SendVector(int, [][]byte) (int, error)             { return 0, errors.ErrUnsupported }
func ReuseAddress(int) error                            { return errors.ErrUnsupported }
func ReusePort(int) error                               { return errors.ErrUnsupported }
func AllowBroadcast(int) error                          { return errors.ErrUnsupported }
func SetV6Only(int, bool) error                         { return errors.ErrUnsupported }
func SetKeepAliveOn(int, bool) error                    { return errors.ErrUnsupported }
func SetKeepAliveTimes(int, KeepAlive) error            { return errors.ErrUnsupported }
func SetLinger(int, int) error                          { return errors.ErrUnsupported }
func SetNonblock(int) error                             { return errors.ErrUnsupported }
func Splice(from, to, max int) (n int, err error)       { return 0, errors.ErrUnsupported }
func SendFile(file, socket, max int) (n int, err error) { return 0, errors.ErrUnsupported }
func SetPipeSize(int, int) error                        { return errors.ErrUnsupported }
func CanSendFile(int) bool                              { return false }
