//go:build !linux

package sys

import (
	"errors"
	"net/netip"
)

// The socket half of this package exists for Linux alone: elsewhere each call
// says so with errors.ErrUnsupported, and does nothing. See the Linux files for
// what they do.

func Socket(Network, bool) (int, error)                    { return -1, errors.ErrUnsupported }
func Pair(Network) (int, int, error)                       { return -1, -1, errors.ErrUnsupported }
func ListenTCP(netip.AddrPort, ListenOptions) (int, error) { return -1, errors.ErrUnsupported }
func ListenUDP(netip.AddrPort, ListenOptions) (int, error) { return -1, errors.ErrUnsupported }
func ListenUnix(Network, string, int) (int, error)         { return -1, errors.ErrUnsupported }
func Bind(int, netip.AddrPort) error                       { return errors.ErrUnsupported }
func Connect(int, netip.AddrPort) error                    { return errors.ErrUnsupported }
func ConnectUnix(int, string) error                        { return errors.ErrUnsupported }
func Shutdown(int, How) error                              { return errors.ErrUnsupported }

func LocalAddr(int) (netip.AddrPort, error) { return netip.AddrPort{}, errors.ErrUnsupported }
func PeerAddr(int) (netip.AddrPort, error)  { return netip.AddrPort{}, errors.ErrUnsupported }

func Accept(int) (int, netip.AddrPort, error) { return -1, netip.AddrPort{}, errors.ErrUnsupported }
func Recv(int, []byte) (int, error)           { return 0, errors.ErrUnsupported }
func RecvFrom(int, []byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, errors.ErrUnsupported
}
func Send(int, []byte) (int, error)                   { return 0, errors.ErrUnsupported }
func SendOOB(int, []byte) (int, error)                { return 0, errors.ErrUnsupported }
func SendTo(int, []byte, netip.AddrPort) (int, error) { return 0, errors.ErrUnsupported }
func RecvErrorQueue(int, []byte) (int, error)         { return 0, errors.ErrUnsupported }
func Read(int, []byte) (int, error)                   { return 0, errors.ErrUnsupported }
func Write(int, []byte) (int, error)                  { return 0, errors.ErrUnsupported }
func Close(int) error                                 { return errors.ErrUnsupported }

func SetReceiveBuffer(int, int) (int, error) { return 0, errors.ErrUnsupported }
func SetSendBuffer(int, int) (int, error)    { return 0, errors.ErrUnsupported }
func ReceiveBuffer(int) (int, error)         { return 0, errors.ErrUnsupported }
func SendBuffer(int) (int, error)            { return 0, errors.ErrUnsupported }
func SetReceiveLowWater(int, int) error      { return errors.ErrUnsupported }
func Drops(int) (uint32, error)              { return 0, errors.ErrUnsupported }
func SocketError(int) error                  { return errors.ErrUnsupported }
func SetNoDelay(int, bool) error             { return errors.ErrUnsupported }
func SetCork(int, bool) error                { return errors.ErrUnsupported }
func SetKeepAlive(int, KeepAlive) error      { return errors.ErrUnsupported }
func ResetOnClose(int) error                 { return errors.ErrUnsupported }
func ReportErrors(int) error                 { return errors.ErrUnsupported }
func ReportSent(int) error                   { return errors.ErrUnsupported }

func Pipe() (int, int, error)       { return -1, -1, errors.ErrUnsupported }
func MakeFIFO(string) error         { return errors.ErrUnsupported }
func Open(string, int) (int, error) { return -1, errors.ErrUnsupported }
func Eventfd() (int, error)         { return -1, errors.ErrUnsupported }
func Dup(int) (int, error)          { return -1, errors.ErrUnsupported }
func DupTo(int, int) error          { return errors.ErrUnsupported }
func PipeSize(int) (int, error)     { return 0, errors.ErrUnsupported }
func OpenPTY() (int, int, error)    { return -1, -1, errors.ErrUnsupported }
func SetRaw(int) error              { return errors.ErrUnsupported }

func NetlinkLoop() (int, error)             { return -1, errors.ErrUnsupported }
func PacketLoop() (int, error)              { return -1, errors.ErrUnsupported }
func AllowZeroCopy(int) error               { return errors.ErrUnsupported }
func SendZeroCopy(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

// DatagramBatch cannot receive on this system.
type DatagramBatch struct{}

func NewDatagramBatch(int, int) *DatagramBatch  { return &DatagramBatch{} }
func (*DatagramBatch) Receive(int) (int, error) { return 0, errors.ErrUnsupported }
func (*DatagramBatch) Len() int                 { return 0 }
func (*DatagramBatch) Payload(int) []byte       { return nil }
func (*DatagramBatch) Addr(int) netip.AddrPort  { return netip.AddrPort{} }
func (*DatagramBatch) Truncated(int) bool       { return false }
