package netconn

import "time"

// SetCloseLimit makes Close and CloseWrite give up earlier.
func (c *TLSConn) SetCloseLimit(d time.Duration) { c.out.limit = d }
