//! `keyfob add`: makes a profile; the server is looked up first, and a failed look-up makes none.

use keyfob_agent::journeys::examine::{Examined, examine};
use keyfob_agent::journeys::profiles;
use keyfob_core::client_registration::Given;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::{About, Failure};
use keyfob_core::grant::GrantKind;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{self, DeliveryTarget, LifetimeAnswer, Profile, ResourceParameter};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;

use super::time_span_argument::time_span;
use super::{client_proof_argument, delivery_argument, end_question, sign_in};
use crate::arguments::{Access, Add, ClientAuth, Grant};
use crate::context::Context;
use crate::waiting::told;
use crate::{exit_code, output};

pub(crate) async fn run(add: &Add, context: &Context) -> Result<u8, Failure> {
    let profile = profile(add)?;
    let ports = context.ports()?;
    if profiles::find_profile(&*ports.settings, &profile.name).is_ok() {
        let name = &profile.name;
        return Err(Failure::Usage(format!(
            "there is a profile `{name}` already; keyfob sign-in {name} signs in to it, keyfob remove {name} makes room"
        )));
    }
    check_targets(context, &profile).await?;
    let proof = client_proof_argument::proof(add, ports)?;
    client_proof_argument::fits(&profile, proof.as_ref())?;
    if !add.offline
        && let Err(failure) = look_up(&profile, Given::from(proof.as_ref()), context).await
    {
        return Ok(unmade(&failure, add));
    }
    profiles::add(ports, &profile, proof).await?;
    context.tell_keeper(Some(&profile.name)).await;
    output::good(&format!("added {}", profile.name));
    // A machine needs nobody: its first token shows whether id and secret are right.
    if add.sign_in || (profile.grant == GrantKind::ClientCredentials && !add.offline) {
        return first_sign_in(add, &profile, context).await;
    }
    output::hint(&format!("keyfob sign-in {}", profile.name));
    Ok(0)
}

async fn look_up(profile: &Profile, given: Given, context: &Context) -> Result<(), Failure> {
    let examined = examine(&told(context.ports()?), profile).await?;
    tell(&examined, profile);
    // What can never be signed in to is no profile.
    keyfob_core::client_registration::choose(&profile.client, given, &examined.server)?;
    Ok(())
}

/// Says why there is no profile; gives the exit code. Nothing is there yet that keyfob could try again.
fn unmade(failure: &Failure, add: &Add) -> u8 {
    let next = if failure.is_temporary() {
        Some("no profile was made: try again, or add it without looking the server up with --offline".into())
    } else {
        failure.hint(About::New { name: &add.name, url: &add.url })
    };
    output::failure_with(failure, next.as_deref());
    exit_code::of(failure)
}

async fn first_sign_in(add: &Add, profile: &Profile, context: &Context) -> Result<u8, Failure> {
    match sign_in::profile(profile, &add.browser, &ScopeSet::default(), context).await {
        Ok(credential) => end_question::ask(profile, &credential, context).await.map(|()| 0),
        Err(failure) => Ok(sign_in::failed(profile, &failure)),
    }
}

fn tell(examined: &Examined, profile: &Profile) {
    for line in examined.findings(profile) {
        output::note(&format!("  {line}"));
    }
}

/// Places that could not be written are refused now, not after the browser.
async fn check_targets(context: &Context, profile: &Profile) -> Result<(), Failure> {
    for (index, delivery) in profile.deliver.iter().enumerate() {
        if profile.deliver[..index].iter().any(|earlier| earlier.target.is_same_place(&delivery.target)) {
            return Err(Failure::Usage(format!("the same target is given twice: {}", delivery.target)));
        }
        if let DeliveryTarget::TokenFile { path, .. } = &delivery.target {
            context.ports()?.token_files.check(path).await.map_err(|problem| {
                Failure::Usage(format!("the token file {path} could not be written: {problem}"))
            })?;
        }
    }
    Ok(())
}

fn profile(add: &Add) -> Result<Profile, Failure> {
    let name = ProfileName::parse(&add.name).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut profile = Profile::new(name, CheckedUrl::parse(&add.url)?);
    profile.label.clone_from(&add.label);
    profile.grant = match add.grant {
        None | Some(Grant::AuthorizationCode) => GrantKind::AuthorizationCode,
        Some(Grant::Device) => GrantKind::Device,
        Some(Grant::ClientCredentials) => GrantKind::ClientCredentials,
    };
    if profile.grant == GrantKind::ClientCredentials && add.client_id.is_none() {
        return Err(Failure::Usage(
            "--grant client-credentials needs --client-id: a machine does not register itself".into(),
        ));
    }
    profile.access = add.access.map(|access| match access {
        Access::Read => profile::Access::Read,
        Access::Write => profile::Access::Write,
    });
    profile.scopes = ScopeSet::from_names(add.scopes.iter().flat_map(|s| s.split(' ')).map(str::to_owned));
    profile.audience.clone_from(&add.audience);
    profile.issuer.clone_from(&add.issuer);
    profile.client.client_id.clone_from(&add.client_id);
    profile.client.metadata_url.clone_from(&add.client_metadata_url);
    profile.client.authentication = add.client_auth.map(|method| match method {
        ClientAuth::None => ClientAuthentication::None,
        ClientAuth::Basic => ClientAuthentication::ClientSecretBasic,
        ClientAuth::Post => ClientAuthentication::ClientSecretPost,
        ClientAuth::PrivateKeyJwt => ClientAuthentication::PrivateKeyJwt,
    });
    profile.resource = match add.resource.as_deref() {
        None => ResourceParameter::Published,
        Some("none") => ResourceParameter::Omitted,
        Some(given) => ResourceParameter::given(given)
            .ok_or_else(|| Failure::Usage(format!("--resource {given}: {}", ResourceParameter::EXPECTED)))?,
    };
    if let Some(redirect) = &add.redirect {
        profile.redirect = delivery_argument::redirect(redirect)?;
    }
    if !add.remind.is_empty() {
        profile.remind = add.remind.iter().map(|text| time_span(text)).collect::<Result<_, _>>()?;
    }
    if let Some(lifetime) = &add.lifetime {
        profile.sign_in_lifetime = LifetimeAnswer::parse(lifetime)?;
    }
    if let Some(url) = &profile.client.metadata_url {
        keyfob_core::client_registration::metadata_document::check_client_id(url)?;
    }
    profile.private_network = add.private_network;
    profile.deliver =
        add.deliver.iter().map(|text| delivery_argument::delivery(text)).collect::<Result<_, _>>()?;
    Ok(profile)
}
