// SPDX-License-Identifier: Apache-2.0

// Package notify speaks with the service manager that started a program: that it is ready, that it is alive, that it ends. The
// protocol is sd_notify(3): datagrams of KEY=VALUE lines to the socket that NOTIFY_SOCKET names, and a watchdog whose time stands
// in WATCHDOG_USEC. The watchdog is fed by a question to the program's own loop, not by a timer beside it: a loop that hangs is
// started again. Started by hand, without those variables, all of it does nothing. It does not decide what happens to a program
// that is silent; the unit does.
package notify
