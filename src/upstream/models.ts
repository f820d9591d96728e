/** The models of the IAM API. `parse-response.ts` checks responses against them. */
export type {
  CreateTokenInput as CreateTokenBody,
  JsonWebKeyDto,
  JsonWebKeySetDto,
  PolicyDto,
  PolicyStatementDto,
  ProjectWithPolicyDto,
  ProjectWithPolicyList,
  PublicKeyInfo as PublicKeyInfoDto,
  PublicKeyInfoJwks as PublicKeyInfoJwksDto,
  PublicKeyInfoJwksUri as PublicKeyInfoJwksUriDto,
  TokenDto,
  TokenList,
  TokenPrivateKeyAuthenticationMethodDto as AuthenticationMethodDto,
  UpdateTokenInput as UpdateTokenBody,
} from './generated.ts';
