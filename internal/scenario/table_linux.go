package scenario

// table is every row. Expectations were taken from the kernel's source and then
// from what the kernel did; where the two differ between versions a row says so.
func table() []Scenario {
	var all []Scenario
	for _, rows := range [][]Scenario{
		udpRows(), tcpRows(), tcpEndRows(), tcpSpaceRows(), mptcpRows(), unixRows(), pipeRows(), ttyRows(), leaseRows(), surpriseRows(), specialRows(),
	} {
		all = append(all, rows...)
	}
	return all
}
