#pragma once

// Certificates for tests, made by OpenSSL on the spot and kept in a directory of their own.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace restate::connect::testing {

struct Certificate {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

class Certificates {
 public:
  Certificates() {
    std::string name = (std::filesystem::temp_directory_path() / "restate-tls-XXXXXX").string();
    dir_ = mkdtemp(name.data());
    authority_ = make("test authority", "", nullptr, 3600);
    save(authority_, "authority");
  }
  ~Certificates() {
    drop(authority_);
    std::filesystem::remove_all(dir_);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// Signs a certificate for `names`, such as `DNS:server,IP:127.0.0.1`, and saves it as
  /// `<file>.pem` and `<file>.key`.
  void issue(const std::string& file, const std::string& names, long valid_seconds = 3600) {
    Certificate made = make("test server", names, &authority_, valid_seconds);
    save(made, file);
    drop(made);
  }
  std::string certificate(const std::string& file) const { return dir_ + "/" + file + ".pem"; }
  std::string key(const std::string& file) const { return dir_ + "/" + file + ".key"; }

 private:
  static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static Certificate make(const std::string& subject, const std::string& names,
                          const Certificate* issuer, long valid_seconds) {
    Certificate made;
    made.key = EVP_EC_gen("P-256");
    made.certificate = X509_new();
    X509* x = made.certificate;
    X509_set_version(x, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), valid_seconds);
    X509_set_pubkey(x, made.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
    X509* signer = issuer == nullptr ? x : issuer->certificate;
    X509_set_issuer_name(x, X509_get_subject_name(signer));
    extend(x, signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) extend(x, signer, NID_subject_alt_name, names);
    X509_sign(x, issuer == nullptr ? made.key : issuer->key, EVP_sha256());
    return made;
  }

  void save(const Certificate& made, const std::string& file) const {
    FILE* out = std::fopen(certificate(file).c_str(), "w");
    PEM_write_X509(out, made.certificate);
    std::fclose(out);
    out = std::fopen(key(file).c_str(), "w");
    PEM_write_PrivateKey(out, made.key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
  }

  static void drop(Certificate& made) {
    X509_free(made.certificate);
    EVP_PKEY_free(made.key);
  }

  std::string dir_;
  Certificate authority_;
};

}  // namespace restate::connect::testing
