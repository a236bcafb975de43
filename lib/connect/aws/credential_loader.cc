#include "connect/aws/credential_loader.h"

#include "connect/aws/profile.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace restate::connect::aws {
namespace {

/// Profiles may name each other; nobody needs more.
constexpr int kMaxProfiles = 5;
constexpr Duration kMetadataTimeout = std::chrono::seconds(2);
const std::string kNothing;

const std::string& value_of(const Profile& profile, const std::string& key) {
  const auto found = profile.find(key);
  return found == profile.end() ? kNothing : found->second;
}

/// What containers and instances answer.
Result<Credentials> parse_metadata(const HttpAnswer& answer, const std::string& where) {
  if (answer.status != 200) {
    return Error{
        answer.status >= 500 || answer.status == 429 ? Code::kUnavailable : Code::kUnauthenticated,
        where + " answered " + std::to_string(answer.status)};
  }
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  const auto text = [&json](const char* name) -> std::string {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Credentials credentials{text("AccessKeyId"), text("SecretAccessKey"), text("Token"), {}};
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return Error{Code::kUnauthenticated, where + " answered without credentials"};
  }
  if (const std::string expiration = text("Expiration"); !expiration.empty()) {
    credentials.expires_at = parse_utc(expiration);
  }
  return credentials;
}

std::string without_newline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

std::string partition_of(const std::string& arn) {
  const std::size_t colon = arn.find(':');
  if (colon == std::string::npos) return "aws";
  return arn.substr(colon + 1, arn.find(':', colon + 1) - colon - 1);
}

}  // namespace

std::string endpoint_of(const std::map<std::string, std::string>& environment,
                        const std::string& service, const std::string& partition,
                        const std::string& region) {
  std::string upper;
  for (const char c : service)
    upper.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  for (const std::string& name : {"AWS_ENDPOINT_URL_" + upper, std::string("AWS_ENDPOINT_URL")}) {
    const auto found = environment.find(name);
    if (found == environment.end() || found->second.empty()) continue;
    std::string url = found->second;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  return "https://" + service + "." + region + ".amazonaws.com" +
         (partition == "aws-cn" ? ".cn" : "");
}

CredentialLoader::CredentialLoader(CredentialOptions options, Fetch fetch, ReadFile read_file,
                                   Clock clock)
    : options_(std::move(options)),
      fetch_(std::move(fetch)),
      read_file_(std::move(read_file)),
      clock_(std::move(clock)) {}

const std::string& CredentialLoader::variable(const std::string& name) const {
  const auto found = options_.environment.find(name);
  return found == options_.environment.end() ? kNothing : found->second;
}

Result<Credentials> CredentialLoader::load(const std::string& region) {
  // A profile that the configuration names must have them: whoever named it means no other.
  if (!options_.profile.empty()) {
    RESTATE_TRY(auto found, from_profile(options_.profile, true, region, 0));
    if (found) return *std::move(found);
    return Error{Code::kUnauthenticated,
                 "the AWS profile '" + options_.profile + "' has no credentials"};
  }
  RESTATE_TRY(auto found, from_environment());
  if (!found) {
    const std::string& named = variable("AWS_PROFILE");
    RESTATE_TRY(found, from_profile(named.empty() ? "default" : named, !named.empty(), region, 0));
  }
  if (!found) {
    RESTATE_TRY(found, from_web_identity(region));
  }
  if (!found) {
    RESTATE_TRY(found, from_container());
  }
  if (!found) {
    RESTATE_TRY(found, from_instance());
  }
  if (found) return *std::move(found);
  return Error{Code::kUnauthenticated,
               "there are no AWS credentials: not in the environment, in a profile, for a web "
               "identity, a container or an instance"};
}

Result<Credentials> CredentialLoader::assume(const Credentials& own, const std::string& role_arn,
                                             const std::string& partition,
                                             const std::string& region) {
  RoleRequest request;
  request.role_arn = role_arn;
  request.external_id = options_.external_id;
  return assume_role(&own, request, partition, region);
}

Result<Credentials> CredentialLoader::assume_role(const Credentials* own,
                                                  const RoleRequest& request,
                                                  const std::string& partition,
                                                  const std::string& region) {
  HttpQuery query =
      make_role_query(endpoint_of(options_.environment, "sts", partition, region), request);
  if (own != nullptr) {
    RESTATE_TRY_VOID(sign(query, {*own, region, "sts", clock_()}));
  }
  const std::string what = "assuming the role " + request.role_arn;
  auto answer = fetch_(query);
  if (!answer) return std::move(answer).error().within(what);
  auto credentials = parse_role_answer(*answer);
  if (!credentials) return std::move(credentials).error().within(what);
  return credentials;
}

CredentialLoader::Found CredentialLoader::from_environment() const {
  const std::string& access = variable("AWS_ACCESS_KEY_ID");
  const std::string& secret = variable("AWS_SECRET_ACCESS_KEY");
  if (access.empty() || secret.empty()) return std::optional<Credentials>();
  return std::optional(Credentials{access, secret, variable("AWS_SESSION_TOKEN"), {}});
}

CredentialLoader::Found CredentialLoader::from_profile(const std::string& name, bool required,
                                                       const std::string& region, int depth) {
  const auto file = [this](const char* name_of_path, const char* below_home) {
    std::string path = variable(name_of_path);
    if (path.empty() && !variable("HOME").empty()) path = variable("HOME") + below_home;
    return path.empty() ? std::string() : read_file_(path).value_or("");
  };
  const auto profiles = parse_profiles(file("AWS_CONFIG_FILE", "/.aws/config"),
                                       file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"));
  const auto found = profiles.find(name);
  if (found == profiles.end()) {
    if (!required) return std::optional<Credentials>();
    return Error{Code::kUnauthenticated, "there is no AWS profile '" + name + "'"};
  }
  const Profile& profile = found->second;
  Credentials keys{value_of(profile, "aws_access_key_id"),
                   value_of(profile, "aws_secret_access_key"),
                   value_of(profile, "aws_session_token"),
                   {}};
  const bool has_keys = !keys.access_key.empty() && !keys.secret_key.empty();

  const std::string& role = value_of(profile, "role_arn");
  if (role.empty()) {
    if (has_keys) return std::optional(std::move(keys));
    for (const char* way : {"sso_session", "sso_start_url", "credential_process"}) {
      if (profile.contains(way)) {
        return Error{Code::kUnauthenticated,
                     "the AWS profile '" + name + "' uses '" + way + "', which is not supported"};
      }
    }
    return std::optional<Credentials>();
  }

  RoleRequest request;
  request.role_arn = role;
  request.external_id = value_of(profile, "external_id");
  if (const auto& session = value_of(profile, "role_session_name"); !session.empty()) {
    request.session_name = session;
  }
  const std::string& own_region = value_of(profile, "region");
  const std::string& where = own_region.empty() ? region : own_region;
  const std::string& source = value_of(profile, "source_profile");
  Found own = std::optional<Credentials>();
  if (source == name) {
    if (has_keys) own = std::optional(std::move(keys));
  } else if (!source.empty()) {
    if (depth == kMaxProfiles) {
      return Error{Code::kUnauthenticated,
                   "the AWS profile '" + name + "' leads to too many others"};
    }
    own = from_profile(source, true, region, depth + 1);
  } else {
    own = from_named_source(value_of(profile, "credential_source"));
  }
  RESTATE_TRY(auto credentials, std::move(own));
  if (!credentials) {
    return Error{Code::kUnauthenticated,
                 "the AWS profile '" + name + "' has a role, but nothing to assume it with"};
  }
  RESTATE_TRY(auto assumed, assume_role(&*credentials, request, partition_of(role), where));
  return std::optional(std::move(assumed));
}

CredentialLoader::Found CredentialLoader::from_named_source(const std::string& source) {
  if (source == "Environment") return from_environment();
  if (source == "EcsContainer") return from_container();
  if (source == "Ec2InstanceMetadata") return from_instance();
  return std::optional<Credentials>();
}

CredentialLoader::Found CredentialLoader::from_web_identity(const std::string& region) {
  const std::string& path = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string& role = variable("AWS_ROLE_ARN");
  if (path.empty() || role.empty()) return std::optional<Credentials>();
  const auto token = read_file_(path);
  if (!token)
    return Error{Code::kUnauthenticated, "cannot read the web identity in '" + path + "'"};
  RoleRequest request;
  request.role_arn = role;
  request.web_identity = without_newline(*token);
  if (const auto& session = variable("AWS_ROLE_SESSION_NAME"); !session.empty()) {
    request.session_name = session;
  }
  const std::string& configured = variable("AWS_REGION");
  RESTATE_TRY(auto credentials, assume_role(nullptr, request, partition_of(role),
                                            configured.empty() ? region : configured));
  return std::optional(std::move(credentials));
}

CredentialLoader::Found CredentialLoader::from_container() {
  HttpQuery query;
  query.link_local = true;
  query.timeout = kMetadataTimeout;
  if (const auto& relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
      !relative.empty()) {
    query.url = "http://169.254.170.2" + relative;
  } else if (const auto& full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"); !full.empty()) {
    query.url = full;
  } else {
    return std::optional<Credentials>();
  }
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto& path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    token = without_newline(read_file_(path).value_or(token));
  }
  if (!token.empty()) query.headers.push_back({"authorization", token});
  RESTATE_TRY(const HttpAnswer answer, fetch_(query));
  RESTATE_TRY(auto credentials, parse_metadata(answer, "the container's credential service"));
  return std::optional(std::move(credentials));
}

CredentialLoader::Found CredentialLoader::from_instance() {
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") return std::optional<Credentials>();
  std::string base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  HttpQuery query;
  query.link_local = true;
  query.timeout = kMetadataTimeout;
  query.method = "PUT";
  query.url = base + "/latest/api/token";
  query.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  const auto token = fetch_(query);
  // Most machines are no instances, and nobody is there.
  if (!token || token->status != 200) return std::optional<Credentials>();

  query.method = "GET";
  query.url = base + "/latest/meta-data/iam/security-credentials/";
  query.headers = {{"x-aws-ec2-metadata-token", token->body}};
  RESTATE_TRY(const HttpAnswer roles, fetch_(query));
  const std::string role = roles.body.substr(0, roles.body.find('\n'));
  if (roles.status == 404 || role.empty()) return std::optional<Credentials>();
  query.url += role;
  RESTATE_TRY(const HttpAnswer answer, fetch_(query));
  RESTATE_TRY(auto credentials, parse_metadata(answer, "the instance's metadata service"));
  return std::optional(std::move(credentials));
}

}  // namespace restate::connect::aws
