#pragma once

/// \file
/// OpenSSL's errors as ours.

#include <restate/error.h>

#include <string>

typedef struct ssl_st SSL;

namespace restate::connect {

/// What OpenSSL's queue says, newest first; empties it.
std::string take_openssl_errors();

/// Why a handshake failed: `kUnauthenticated` if the certificate was not accepted, else
/// `kFailedPrecondition`.
Error handshake_error(SSL* ssl);

}  // namespace restate::connect
