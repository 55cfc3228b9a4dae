// SPDX-License-Identifier: Apache-2.0
// Gives the precompiled Catch header a translation unit of its own.
