//! SOCKS 4, 4a and 5 (RFC 1928) towards clients: connections only, and no passwords, since
//! clients are told by their address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::upstream::{Target, Unreached};

/// Longest user id and name of SOCKS 4 that are read: names have 255 at most (RFC 1035 §2.3.4).
const WORD: usize = 256;

/// Which of the two versions is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 4 and 4a.
    Four,
    /// 5.
    Five,
}

/// Reads what the client wants. `None`: it speaks otherwise, wants something else than a
/// connection, or only a password would do; it was told.
pub async fn ask(client: &mut TcpStream) -> std::io::Result<Option<(Version, Target)>> {
    match client.read_u8().await? {
        5 => five(client).await,
        4 => four(client).await,
        _ => Ok(None),
    }
}

async fn five(client: &mut TcpStream) -> std::io::Result<Option<(Version, Target)>> {
    let mut methods = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut methods).await?;
    // 0: no authentication. 255: none of what is offered.
    let method = if methods.contains(&0) { 0 } else { 255 };
    client.write_all(&[5, method]).await?;
    if method != 0 {
        return Ok(None);
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let [version, command, _, kind] = request;
    if version != 5 {
        return Ok(None);
    }
    let host = match kind {
        1 => IpAddr::from(array::<4>(client).await?).to_string(),
        4 => IpAddr::from(array::<16>(client).await?).to_string(),
        3 => {
            let mut name = vec![0; usize::from(client.read_u8().await?)];
            client.read_exact(&mut name).await?;
            String::from_utf8_lossy(&name).into_owned()
        }
        _ => return refuse_five(client, 8).await,
    };
    let port = client.read_u16().await?;
    // 1: CONNECT. UDP ASSOCIATE is not served: QUIC falls back to TCP without it.
    if command != 1 {
        return refuse_five(client, 7).await;
    }
    match target(&host, port) {
        Some(target) => Ok(Some((Version::Five, target))),
        None => refuse_five(client, 4).await,
    }
}

async fn refuse_five(client: &mut TcpStream, code: u8) -> std::io::Result<Option<(Version, Target)>> {
    client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(None)
}

async fn four(client: &mut TcpStream) -> std::io::Result<Option<(Version, Target)>> {
    let command = client.read_u8().await?;
    let port = client.read_u16().await?;
    let address = Ipv4Addr::from(array::<4>(client).await?);
    if word(client).await?.is_none() {
        return Ok(None);
    }
    // 4a: an address 0.0.0.x that is not 0 says that a name follows.
    let [a, b, c, d] = address.octets();
    let host = match (a, b, c, d) {
        (0, 0, 0, 1..) => match word(client).await? {
            Some(name) => name,
            None => return Ok(None),
        },
        _ => address.to_string(),
    };
    match target(&host, port).filter(|_| command == 1) {
        Some(target) => Ok(Some((Version::Four, target))),
        None => {
            client.write_all(&[0, 0x5b, 0, 0, 0, 0, 0, 0]).await?;
            Ok(None)
        }
    }
}

/// Text up to a zero. `None`: it does not end.
async fn word(client: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    while bytes.len() < WORD {
        match client.read_u8().await? {
            0 => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            byte => bytes.push(byte),
        }
    }
    Ok(None)
}

async fn array<const N: usize>(client: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn target(host: &str, port: u16) -> Option<Target> {
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Target::parse(&bracketed, Some(port)).filter(|target| target.port == port)
}

/// Tells the client how it went: connected from `bound`, or why not.
pub async fn answer(
    client: &mut TcpStream,
    version: Version,
    outcome: Result<SocketAddr, &Unreached>,
) -> std::io::Result<()> {
    let reply = match version {
        Version::Four => vec![0, if outcome.is_ok() { 0x5a } else { 0x5b }, 0, 0, 0, 0, 0, 0],
        Version::Five => {
            let code = match outcome {
                Ok(_) => 0,
                Err(Unreached::Denied(_)) => 2,
                Err(Unreached::Failed(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => 5,
                Err(Unreached::Failed(_) | Unreached::Unknown | Unreached::Silent) => 4,
            };
            let bound = outcome.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
            let (kind, octets) = match bound.ip() {
                IpAddr::V4(address) => (1, address.octets().to_vec()),
                IpAddr::V6(address) => (4, address.octets().to_vec()),
            };
            [&[5, code, 0, kind], octets.as_slice(), &bound.port().to_be_bytes()].concat()
        }
    };
    client.write_all(&reply).await
}
