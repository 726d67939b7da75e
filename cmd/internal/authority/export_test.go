// SPDX-License-Identifier: Apache-2.0

package authority

func init() { cost.passes, cost.memory = 1, 8 }
