// SPDX-License-Identifier: Apache-2.0

// Package depot keeps what a city offers its boxes, in one folder: the signed metadata of The Update Framework, the manifests of its releases, and their chunks, each
// a file under the name by which boxes ask for it. It also keeps the signing keys as files and answers the boxes' requests at the pace that their lines bear.
//
// The folder can be copied, carried and served by anybody: nothing in it but keys/ is secret, and boxes believe signatures only. A key file is plain and readable by
// its owner alone (for the roles that sign every day, and for the demo), or encrypted with age under a passphrase (for the roles that people sign with).
//
// The package does not decide who gets what (the director does), and does not know MQTT.
package depot
