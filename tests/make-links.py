#!/usr/bin/env python3
"""Writes tests/data/links: one small exchange behind every link layer and tunnel, and
captures as recorders that know the app of a packet write them. No device is needed: the
bytes are put together here. What tests/links.rs expects of them is what tshark 4.0.17
shows (stream numbers, payloads)."""
import os
import struct
import zlib

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data', 'links') + os.sep
def u16(x): return struct.pack('>H',x)
def udp(s,d,p): return u16(s)+u16(d)+u16(len(p)+8)+b'\0\0'+p
def tcp(s,d,seq,ack,fl,p=b''): return u16(s)+u16(d)+struct.pack('>II',seq,ack)+bytes([0x50,fl])+b'\x20\0\0\0\0\0'+p
def v4(proto,p,src=(10,0,0,1),dst=(203,0,113,7)):
    return bytes([0x45,0])+u16(20+len(p))+b'\0\1\0\0'+bytes([64,proto,0,0])+bytes(src)+bytes(dst)+p
def v6(nh,p,s=1,d=2):
    a=lambda n: bytes.fromhex('20010db8000000000000000000000000')[:15]+bytes([n])
    return b'\x60\0\0\0'+u16(len(p))+bytes([nh,64])+a(s)+a(d)+p
req=b'GET /x HTTP/1.1\r\nHost: inner.example\r\n\r\n'
def flow(wrap):
    A,B=(10,1,1,1),(203,0,113,9)
    return [wrap(v4(6,tcp(40000,80,99,0,2),A,B)),wrap(v4(6,tcp(80,40000,499,100,0x12),B,A)),wrap(v4(6,tcp(40000,80,100,500,0x18,req),A,B)),
            wrap(v4(17,udp(50000,7777,b'datagram'),A,B)), wrap(v6(17,udp(50000,7778,b'six')))]
def eth(p): return bytes(5)+b'\2'+bytes(5)+b'\4'+(b'\x86\xdd' if p[0]>>4==6 else b'\x08\0')+p
def et(p): return 0x86dd if p[0]>>4==6 else 0x800
def write(name,link,packets):
    with open(name,'wb') as f:
        f.write(struct.pack('<IHHiIII',0xa1b2c3d4,2,4,0,0,65535,link))
        for i,p in enumerate(packets): f.write(struct.pack('<IIII',1700000000+i,0,len(p),len(p))+p)
snap=lambda p: b'\xaa\xaa\3\0\0\0'+u16(et(p))+p
def dot11(p,flags=1,qos=False,ctl=0):
    h=bytes([0x88 if qos else 0x08,flags])+b'\0\0'+bytes(5)+b'\1'+bytes(5)+b'\2'+bytes(5)+b'\3'+b'\x10\0'
    if flags&3==3: h+=bytes(6)
    if qos: h+=bytes([ctl,0])
    return h+p
def amsdu(ps):
    out=b''
    for i,p in enumerate(ps):
        b=bytes(5)+b'\1'+bytes(5)+b'\2'+u16(len(p))+p
        if i<len(ps)-1: b+=bytes(-len(b)%4)
        out+=b
    return out
rt=lambda f: b'\0\0\x09\0\2\0\0\0\0'+f
out=lambda port,h: (lambda p: eth(v4(17,udp(33333,port,h+p))))
F={}
F['vxlan']=(1,flow(lambda p: eth(v4(17,udp(33333,4789,b'\x08\0\0\0\0\0\x07\0'+eth(p))))))
F['gtp']=(1,flow(lambda p: eth(v4(17,udp(2152,2152,b'\x30\xff'+u16(len(p))+b'\0\0\0\1'+p)))))
F['gtpext']=(1,flow(lambda p: eth(v4(17,udp(2152,2152,b'\x34\xff'+u16(len(p)+8)+b'\0\0\0\1'+b'\0\0\0\x85\1\x10\5\0'+p)))))
F['geneve']=(1,flow(lambda p: eth(v4(17,udp(33333,6081,b'\1\0\x65\x58\0\0\7\0'+b'\0\0\0\0'+eth(p))))))
F['l2tp']=(1,flow(lambda p: eth(v4(17,udp(1701,1701,b'\0\2\0\1\0\2\xff\3'+(b'\0\x57' if p[0]>>4==6 else b'\0\x21')+p)))))
F['greteb']=(1,flow(lambda p: eth(v4(47,b'\0\0\x65\x58'+eth(p)))))
F['pptp']=(1,flow(lambda p: eth(v4(47,b'\x30\1\x88\x0b'+u16(len(p)+4)+b'\0\7\0\0\0\1\xff\3'+(b'\0\x57' if p[0]>>4==6 else b'\0\x21')+p))))
F['dot11']=(105,flow(lambda p: dot11(snap(p))))
F['qos']=(127,flow(lambda p: rt(dot11(snap(p),2,True))))
F['wds']=(127,flow(lambda p: rt(dot11(snap(p),3,True))))
f=flow(lambda p:p)
F['amsdu']=(127,[rt(dot11(amsdu([snap(p) for p in f]),1,True,0x80))])
F['avs']=(163,flow(lambda p: struct.pack('>II',0x80211001,64)+bytes(56)+dot11(snap(p))))
F['prism']=(119,flow(lambda p: struct.pack('<II',0x44,144)+bytes(136)+dot11(snap(p))))
F['ppi']=(192,flow(lambda p: b'\0\0\x08\0'+struct.pack('<I',105)+dot11(snap(p))))
def pktap(p): return struct.pack('<III',108,1,101)+b'en0'.ljust(24,b'\0')+struct.pack('<IIIII',1,2,0,0,77)+b'Maps'.ljust(20,b'\0')+bytes(8)+struct.pack('<I',0)+bytes(20)+p
F['pktap']=(258,flow(pktap))
def tlv(t,v): return struct.pack('<HH',len(v)+4,t)+v+bytes(-len(v)%4)
F['nflog']=(239,flow(lambda p: bytes([10 if p[0]>>4==6 else 2,0,0,0])+tlv(1,u16(et(p))+b'\0\0')+tlv(11,struct.pack('>I',10123))+tlv(9,p)))
F['sllvlan']=(113,flow(lambda p: b'\0\0\0\1\0\6\0\1\2\3\4\5\0\0\x81\0\0\7'+u16(et(p))+p))
F['sll8022']=(113,flow(lambda p: b'\0\0\0\1\0\6\0\1\2\3\4\5\0\0\0\4'+snap(p)))
F['hdlc']=(104,flow(lambda p: b'\x0f\0'+u16(et(p))+p))
F['pppoe']=(51,flow(lambda p: b'\x11\0\0\1'+u16(len(p)+2)+(b'\0\x57' if p[0]>>4==6 else b'\0\x21')+p))
F['protected']=(105,flow(lambda p: dot11(bytes(8)+snap(p),0x41)))
for n,(l,p) in F.items(): write(folder + n + '.pcap',l,p)
# SOCKS
def talk(*turns):
    """A TCP connection to a proxy: what each side says in turn, the client first."""
    c, d, seq = (10,1,1,1), (192,0,2,3), [100, 500]
    packets = [v4(6,tcp(40000,1080,99,0,2),c,d), v4(6,tcp(1080,40000,499,100,0x12),d,c)]
    for n, said in enumerate(turns):
        i = n % 2
        ends = ((40000,1080,c,d),(1080,40000,d,c))[i]
        if said: packets.append(v4(6,tcp(ends[0],ends[1],seq[i],seq[1-i],0x18,said),ends[2],ends[3]))
        seq[i] += len(said)
    return packets
answer=b'HTTP/1.1 204 No Content\r\n\r\n'
name=b'api.inner.example'
F['socks5']=(101,talk(b'\5\2\0\2',b'\5\2',b'\1\4user\4pass',b'\1\0',b'\5\1\0\3'+bytes([len(name)])+name+b'\0\x50',b'\5\0\0\1\0\0\0\0\0\0',req,answer))
F['socks5ip']=(101,talk(b'\5\1\0',b'\5\0',b'\5\1\0\1\xcb\0\x71\x0d\0\x50',b'\5\0\0\1\0\0\0\0\0\0',req,answer))
F['socks4a']=(101,talk(b'\4\1\0\x50\0\0\0\1me\0'+name+b'\0',b'\0\x5a'+bytes(6),req,answer))
F['socks4']=(101,talk(b'\4\1\0\x50\xcb\0\x71\x0dme\0',b'\0\x5a'+bytes(6),req,answer))
raw=b'\x17raw bytes that nothing reads'
F['socksname']=(101,talk(b'\5\1\0',b'\5\0',b'\5\1\0\3'+bytes([len(name)])+name+b'\0\x50',b'\5\0\0\1\0\0\0\0\0\0',raw))
F['socksno']=(101,talk(b'\5\1\0',b'\5\0',b'\5\1\0\3'+bytes([len(name)])+name+b'\0\x50',b'\5\5\0\1\0\0\0\0\0\0'))
F['socksnot']=(101,talk(b'\5\1\0',b'hello there'))
for n in F:
    if n.startswith('socks'): write(folder + n + '.pcap', *F[n])
# apps
def blk(t,b): b+=bytes(-len(b)%4); return struct.pack('<II',t,len(b)+12)+b+struct.pack('<I',len(b)+12)
def opts(o): return b''.join(struct.pack('<HH',c,len(v))+v+bytes(-len(v)%4) for c,v in o)
def epb(p,o): return blk(6,struct.pack('<IIIII',0,0x60000,1,len(p),len(p))+p+bytes(-len(p)%4)+opts(o))
def shb(): return blk(0x0a0d0d0a,struct.pack('<IHHq',0x1a2b3c4d,1,0,-1))
def idb(l): return blk(1,struct.pack('<HHI',l,0,65535))
umap=lambda uid,pk,lb: blk(0xbad,struct.pack('<IBBiBB',62652,1,1,uid,len(pk),len(lb))+pk+lb)
f=flow(lambda p:p)
open(folder + 'droid.pcapng','wb').write(shb()+idb(101)+b''.join(epb(p,[(1,b'u-10123')]) for p in f[:3])+umap(10123,b'com.example.app',b'Example')+epb(f[3],[(1,b'u-1000')])+epb(f[4],[(1,b'u--1')]))
open(folder + 'ios.pcapng','wb').write(shb()+idb(1)+b''.join(epb(eth(p),[(1,b'PID: 5, ProcName: nsurlsessiond, EPID: 9, EProcName: Weather, Inc, SVC: 3')]) for p in f[:3])+epb(eth(f[3]),[(1,b'PID: 5, ProcName: apsd, EPID: 0, EProcName: , SVC: 3')]))
proc=lambda pid,n: blk(0x80000001,struct.pack('<I',pid)+opts([(2,n)]))
i4=lambda n: struct.pack('<I',n)
open(folder + 'darwin.pcapng','wb').write(shb()+idb(1)+proc(501,b'mDNSResponder')+proc(7,b'Weather')+b''.join(epb(eth(p),[(32769,i4(0)),(32771,i4(1))]) for p in f[:3])+epb(eth(f[3]),[(32769,i4(0))]))
def trailer(p,uid,name):
    fr=bytes(12)+u16(et(p))+p; fr+=bytes(-len(fr)%4); fr+=struct.pack('>Ii',0x01072021,uid)+name.ljust(20,b'\0')[:20]
    return fr+struct.pack('<I',zlib.crc32(fr))
write(folder + 'trailer.pcap',1,[trailer(p,10123,'示例应用示例应用'.encode()) for p in f[:3]]+[trailer(f[3],-1,b'')])
