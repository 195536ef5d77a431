package sigio_test

func forge(args []string, ready func()) error { return nil }
